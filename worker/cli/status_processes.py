"""What `klantcontact status` says of processes and their roles."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rich.text import Text

from worker.cli.hiding import counted
from worker.cli.page_parts import heading, table
from worker.cli.phrases import ago, lasted
from worker.domain.text import printable
from worker.role import Role
from worker.standing import State

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from worker.cli.status import Status
    from worker.presence import Present

# Until then somebody may still be looking for it; after that it is one of those that were killed.
_MISSED: Final = timedelta(minutes=5)


def troubles(found: Status) -> Iterator[str]:
    """What is out and why, who was not seen lately, and what nobody does."""
    roles = found.processes or ()
    seen = [each for each in roles if found.seen(each)]
    for out in _grouped(
        (each for each in seen if each.state == State.OUT), lambda role: role.reason
    ):
        yield _out(found, out)
    missed = [each for each in roles if not found.seen(each) and not _given_up(found, each)]
    if missed:
        silent = lasted(max(each.seen for each in missed), found.moment)
        where = "; ".join(f"{_where(each[0])} ({_names(each)})" for each in _of_each(missed))
        yield f"Not seen for {silent}: {where}"
    yield from _undone(seen, {each.role for each in seen if found.alive(each)})


def _out(found: Status, roles: Sequence[Present]) -> str:
    processes = {each.process for each in roles}
    where = _where(roles[0]) if len(processes) == 1 else f"{len(processes)} processes"
    since = lasted(min(each.since for each in roles), found.moment)
    reason = printable(roles[0].reason or "")
    return f"{_names(roles)} {State.OUT} for {since} ({where}): {reason}"


def _undone(seen: Sequence[Present], alive: set[str]) -> Iterator[str]:
    at_work = {each.role for each in seen}
    waiting = [role.value for role in Role if role in at_work and role not in alive]
    if waiting:
        yield f"No process is ready for {', '.join(waiting)}"
    for role in Role:
        if role not in at_work:
            yield f"No {role} is at work: klantcontact worker --role {role}"


def processes(found: Status) -> Iterator[RenderableType]:
    """A line for each process that was seen lately, and one for all that were killed long ago."""
    roles = found.processes or ()
    shown = table("process", "version", "roles", "last change")
    for each in _of_each(each for each in roles if found.seen(each)):
        first, changed = each[0], max(role.since for role in each)
        where, version = _where(first), printable(first.version)
        shown.add_row(Text(where), Text(version), _states(each), ago(changed, found.moment))
    killed = [each for each in roles if _given_up(found, each)]
    if shown.row_count or killed:
        yield from heading("Processes")
    if shown.row_count:
        yield shown
        yield from _brokers(each for each in roles if found.seen(each))
    if killed:
        count = len(_of_each(killed))
        last = ago(max(each.seen for each in killed), found.moment)
        who = "1 process" if count == 1 else f"{count} processes"
        yield Text(f"{who} ended without a word, last seen {last}.", style="dim")


def _brokers(roles: Iterable[Present]) -> Iterator[Text]:
    """How the roles are spread over the hosts of the broker."""
    counts = Counter(each.broker for each in roles if each.broker)
    if counts:
        each_host = (
            f"{printable(host)} ({counted(count, 'role')})"
            for host, count in sorted(counts.items())
        )
        yield Text(f"Connected to the broker at {', '.join(each_host)}.", style="dim")


def _states(roles: Sequence[Present]) -> Text:
    """`intake relay gereed, mailer uitval`: red where it needs somebody."""
    parts = [
        Text(
            f"{_names(each)} {printable(each[0].state)}",
            "red" if each[0].state == State.OUT else "",
        )
        for each in _grouped(roles, lambda role: role.state)
    ]
    return Text(", ").join(parts)


def _given_up(found: Status, each: Present) -> bool:
    return found.moment - each.seen >= _MISSED


def _grouped(
    roles: Iterable[Present], key: Callable[[Present], Hashable]
) -> Sequence[Sequence[Present]]:
    groups: dict[Hashable, list[Present]] = defaultdict(list)
    for each in roles:
        groups[key(each)].append(each)
    return list(groups.values())


def _of_each(processes: Iterable[Present]) -> Sequence[Sequence[Present]]:
    return _grouped(processes, lambda role: role.process)


def _names(roles: Iterable[Present]) -> str:
    return " ".join(dict.fromkeys(printable(each.role) for each in roles))


def _where(each: Present) -> str:
    return f"{printable(each.host)}, {each.pid}"
