"""From a question to an answer: registered, with all that follows from it, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.domain.notifications import Notification, notifications
from worker.domain.rules import Question, violations

if TYPE_CHECKING:
    from worker.domain.facts import Zaak
    from worker.errors import Violation


@dataclass(frozen=True, slots=True)
class Registered:
    """The klantcontact is to be stored at the zaak's current status (S2)."""

    zaak: Zaak | None
    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The klantcontact cannot be stored, for all these reasons."""

    violations: tuple[Violation, ...]


Decision = Registered | Refused


def decide(asked: Question) -> Decision:
    """Judge one registration; pure."""
    if found := violations(asked):
        return Refused(found)
    return Registered(asked.zaak, notifications(asked.klantcontact, asked.zaak))
