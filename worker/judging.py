"""Judging: from one message and all that is known of it to what becomes of it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.domain.decision import Refused, Registered, decide
from worker.domain.question import Question
from worker.errors import Code, Violation
from worker.registration import Acceptance, Repetition, next_try, rejection_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from worker.domain.facts import Facts
    from worker.domain.question import Policy
    from worker.registration import Claims, Judged, Registration


@dataclass(frozen=True, slots=True)
class Judge:
    """The process owner's rules, and what the inbox says before them."""

    policy: Policy
    deferrals: Sequence[timedelta]
    """When a message is tried again whose zaak is not known yet, in order."""

    def __call__(self, asked: Registration, claims: Claims, facts: Facts, now: datetime) -> Judged:
        """Accept or refuse; what was registered before with the same content is a repetition."""
        key = asked.envelope.key
        if key in claims.reused:
            return rejection_of(asked, (_TOKEN_REUSED,))
        if (earlier := claims.earlier.get(key)) is not None:
            if asked.digest in earlier.digests:
                return Repetition(asked, earlier.klantcontact, earlier.zaak)
            return rejection_of(asked, (_REUSED,))
        match decide(self._question(asked, facts, now)):
            case Registered() as decision:
                return Acceptance(asked, decision)
            case Refused(violations):
                again = self._again(asked, violations, now)
                return rejection_of(asked, violations, claim=key, again=again)

    def _question(self, asked: Registration, facts: Facts, now: datetime) -> Question:
        resumed = asked.resumed
        return Question(
            asked.klantcontact,
            asked.envelope.applicatie,
            asked.kanaal,
            asked.envelope.time,
            now,
            asked.identity,
            facts,
            self.policy,
            came=resumed.came if resumed else None,
            late=resumed is not None and resumed.late,
        )

    def _again(
        self, asked: Registration, violations: Sequence[Violation], now: datetime
    ) -> datetime | None:
        """When a message comes again that lacks nothing but its zaak; None if it is refused."""
        if {each.code for each in violations} != {Code.ZAAK_ONBEKEND}:
            return None
        return next_try(self.deferrals, asked.resumed, now)


_TOKEN_REUSED = Violation(
    Code.OPVOERDER_NIET_GEAUTHENTICEERD,
    "the token is bound to a message that came under another id",
    "authorization",
)
_REUSED = Violation(
    Code.ID_HERGEBRUIKT,
    "a klantcontact with other content was registered under this id; use a new one",
    "message_id",
)
