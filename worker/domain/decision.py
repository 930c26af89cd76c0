"""From a question to an answer: registered, with all that follows from it, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.domain.notifications import Notification, notifications
from worker.domain.rules import violations

if TYPE_CHECKING:
    from worker.domain.facts import Zaak
    from worker.domain.question import Question
    from worker.errors import Violation


@dataclass(frozen=True, slots=True)
class Registered:
    """The klantcontact is to be stored at the zaak's current status (S2).

    `forced` marks a correction on a closed zaak, made by the stronger scope (zrc-007).
    """

    zaak: Zaak | None
    notifications: tuple[Notification, ...]
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The klantcontact cannot be stored, for all these reasons."""

    violations: tuple[Violation, ...]


Decision = Registered | Refused


def decide(asked: Question) -> Decision:
    """Judge one registration; pure."""
    if found := violations(asked):
        return Refused(found)
    zaak = asked.zaak
    closed = zaak is not None and zaak.einddatum is not None
    return Registered(zaak, notifications(asked.klantcontact, zaak), forced=closed)
