"""What must be so after a run: the demands, a flat tuple of functions of one signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.faults.checks import announcements, mails, messages, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.checks.finding import Finding
    from tests.faults.found import Found

CHECKS: Final[tuple[Callable[[Found], Iterator[Finding]], ...]] = (
    messages.messages,
    messages.facts,
    messages.closings,
    mails.notifications,
    mails.mails,
    mails.repetitions,
    announcements.events,
    announcements.replies,
    announcements.repeats,
    processes.left_over,
    processes.ends,
    processes.redeliveries,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, and how often mails came again."""

    lost: tuple[str, ...]
    twice: tuple[str, ...]
    unexpected: tuple[str, ...]
    mails_repeated: int
    mails_repeatable: int

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not (self.lost or self.twice or self.unexpected)

    def figures(self) -> dict[str, int]:
        """By name."""
        return {
            "lost": len(self.lost),
            "twice": len(self.twice),
            "unexpected": len(self.unexpected),
            "mails_repeated": self.mails_repeated,
            "mails_repeatable": self.mails_repeatable,
        }


def judge(found: Found) -> Verdict:
    """All demands at once."""
    by_kind: dict[str, list[str]] = {"lost": [], "twice": [], "unexpected": []}
    for check in CHECKS:
        for each in check(found):
            by_kind[each.kind].append(each.what)
    return Verdict(
        tuple(by_kind["lost"]),
        tuple(by_kind["twice"]),
        tuple(by_kind["unexpected"]),
        mails.repeated(found),
        mails.repeatable(found),
    )
