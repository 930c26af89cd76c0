"""Nothing is left over, no process did what it should not, and SIGTERM costs nobody anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.faults.checks.finding import Finding, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.found import Found
    from tests.faults.ledger import Key

_MARGIN_SECONDS: Final = 3.0


def left_over(found: Found) -> Iterator[Finding]:
    """Queues, outbox and whatever waits are empty in the end."""
    for name, count in found.left.items():
        if count:
            yield unexpected(f"{count} left in {name}")


def ends(found: Found) -> Iterator[Finding]:
    """Processes end when they are told to, and only then; they log no error."""
    for each in found.wrong:
        yield unexpected(each)
    killed = sum(log.ended == -9 and log.asked is None for log in found.logs)
    if killed > found.disturbed.boundary_kills:
        yield unexpected(f"{killed} processes were killed, not all of them by us")
    for log in found.logs:
        for said in log.unexpected:
            yield unexpected(f"{log.name} said {said}")
        for role in sorted(log.roles - log.at_work) if log.last else ():
            yield unexpected(f"role {role} of {log.name} was not ready in the end")


def redeliveries(found: Found) -> Iterator[Finding]:
    """What a process that stopped in peace has committed comes to nobody again."""
    in_peace = _registered_in_peace(found)
    for log in found.logs:
        for key, times in log.repeated.items():
            entry = found.entries.get(key)
            if entry and entry.published == 1 and key in in_peace:
                name = "/".join(key)
                yield unexpected(
                    f"{name}, sent once, came {times} times more after {in_peace[key]}"
                )


def _registered_in_peace(found: Found) -> dict[Key, str]:
    """By whom, where no fault was near and the process met no outage."""
    return {
        key: log.name
        for log in found.logs
        if log.ended == 0 and not log.outages["intake"] and not log.let_go["intake"]
        for key, moment in log.registered.items()
        if not any(
            began - _MARGIN_SECONDS < moment < left + _MARGIN_SECONDS
            for began, left in found.disturbed.moments
        )
    }
