"""What must be so after a run, judged from what was sent, what is stored, and what was mailed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tests.bench.mixture import Key


@dataclass(frozen=True, slots=True)
class Found:
    """What there is in the end."""

    registered: Sequence[Key]
    """The messages that became contacts, one for each contact."""
    refused: AbstractSet[Key]
    """The messages with a dead letter that is open, or comes again."""
    mails: Mapping[str, str]
    """The state of each mail, by its id."""
    taken: Mapping[str, int]
    """How often the mail server took each."""
    left: Mapping[str, int]
    """What is in the queues and the outbox, by name."""
    wrong: Sequence[str] = ()
    """What processes did that they should not."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figures of a run; `unexpected` says what else is not as it should be."""

    lost: tuple[str, ...]
    twice: tuple[str, ...]
    unexpected: tuple[str, ...]
    mails_repeated: int

    def figures(self) -> dict[str, int]:
        """By name, as numbers."""
        return {
            name: each if isinstance(each, int) else len(each)
            for name, each in asdict(self).items()
        }


def judge(valid: AbstractSet[Key], unfit: AbstractSet[Key], found: Found) -> Verdict:
    """Each valid message is one contact, each unfit one a dead letter, each mail was taken."""
    registered = set(found.registered)
    lost = [*(valid - registered), *(unfit - found.refused)]
    twice = (
        [key for key in registered if found.registered.count(key) > 1]
        if len(registered) < len(found.registered)
        else []
    )
    both = registered & found.refused
    odd = [
        *(f"registered, and unfit: {key}" for key in registered - valid),
        *(f"refused, and fit: {key}" for key in found.refused - unfit),
        *(f"{count} left in {name}" for name, count in found.left.items() if count),
        *(
            f"mail {mail} is {state}, taken {found.taken.get(mail, 0)} times"
            for mail, state in found.mails.items()
            if not _settled(state, found.taken.get(mail, 0))
        ),
        *(
            f"the server took mail {mail}, which is not known"
            for mail in found.taken
            if mail not in found.mails
        ),
        *found.wrong,
    ]
    return Verdict(
        _shown(lost),
        _shown([*twice, *both]),
        tuple(sorted(odd)),
        sum(count - 1 for count in found.taken.values()),
    )


def _settled(state: str, taken: int) -> bool:
    """`onzeker` is what the program says itself: it may have been delivered."""
    return state == "onzeker" or (state == "verzonden" and taken > 0)


def _shown(keys: Sequence[Key]) -> tuple[str, ...]:
    return tuple(sorted("/".join(key) for key in keys))
