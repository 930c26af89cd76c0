"""Intake: from deliveries on `klantcontact.registratie.*` to rows in the dossier.

A lane takes a batch, decides every message of it, commits all of it in one transaction, and
only then acknowledges; that loop, which all stories share, is `run` in `suspects.py`. What one
message does wrong is its own affair: it becomes a dead letter, and the others of its batch are
registered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeGuard

from worker.condemned import IN_NO_FORM, bare, condemned
from worker.domain.facts import Facts
from worker.envelope import Rejection
from worker.errors import Code, Outage, Violation, on_new_sessions
from worker.message_log import say, say_refused, say_registered, say_unexpected
from worker.reading import UNEXPECTED
from worker.registration import (
    Acceptance,
    Claims,
    Registration,
    Repetition,
    fold,
    rejection_of,
    resumed_of,
    same_trust,
)
from worker.unpacking import resumed_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from worker.envelope import Delivery, Key, Resumed
    from worker.judging import Judge
    from worker.logs import Log
    from worker.reading import Reader
    from worker.registration import Judged
    from worker.stored import Stored

Work = Registration | Rejection | Repetition
"""What is still to be put on record: to be judged, refused already, or only to be answered."""


class Transaction(Protocol):
    """What the intake does to the store, all of it or nothing."""

    async def claim(self, asked: Sequence[Registration], now: datetime) -> Claims:
        """Claim the keys; return what is known of those that are not new."""

    async def facts(self, asked: Sequence[Registration]) -> Facts:
        """The register's facts for all of them, the zaken locked against closing."""

    async def still_due(self, resumed: Sequence[Resumed]) -> AbstractSet[UUID]:
        """Hold the dead letters that messages came from; those whose attempt this still is."""

    async def release(self, claims: Sequence[Key]) -> None:
        """Give back the claims of what is not judged after all."""

    async def beyond_room(self, waiting: Sequence[Rejection]) -> AbstractSet[UUID]:
        """Of messages that wait for a key, those that are too many of their applicatie."""

    async def write(self, judged: Sequence[Judged], now: datetime) -> Mapping[UUID, UUID]:
        """Store what was accepted and refused, and what is to be told of all.

        Returns the dead letter that each rejection is kept as, by the rejection's id: one that
        came before keeps the id it has.
        """


class Store(Protocol):
    """Where it is kept."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commit on leaving; raises Outage or BatchRejected."""


@dataclass(frozen=True, slots=True)
class Intake:
    """The way of a message, from delivery to commit."""

    reader: Reader
    store: Store
    judge: Judge
    clock: Callable[[], datetime]
    log: Log

    async def take(self, batch: Sequence[Delivery]) -> None:
        """Read, fold, register. When this returns, everything of the batch is on record."""
        now = self.clock()
        await self._settle(*await self.reader.read(batch, now), now)

    async def retake(self, batch: Sequence[Stored]) -> None:
        """As `take`, of messages that were put away before."""
        now = self.clock()
        await self._settle(*await self.reader.reread(batch, now), now)

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        """Refuse what ended the program each time, unread."""
        await self._register([condemned(each) for each in batch], self.clock())

    async def recondemn(self, batch: Sequence[Stored]) -> None:
        """As `condemn`, of messages that were put away before."""
        again = [condemned(each.delivery, resumed_from(each)) for each in batch]
        await self._register(again, self.clock())

    async def _settle(
        self, readable: list[Registration], unreadable: list[Rejection], now: datetime
    ) -> None:
        others: list[Rejection | Repetition] = [*unreadable]
        while readable or others:
            first, repeated, later = fold(readable)
            outcomes = await self._register([*first, *others], now)
            others, anew = self._again(repeated, outcomes)
            readable = [*anew, *later]

    async def _register(
        self, work: Sequence[Work], now: datetime
    ) -> Mapping[Key, UUID | Rejection]:
        """One transaction; what the database or a defect refuses is halved to the culprit.

        Returns by key what each became: a klantcontact or a rejection. Of several with one key the
        first counts: what could not be read comes after what could.
        """
        try:
            judged = await self._commit(work, now)
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other messages)
            return await self._halve(work, now, error)
        outcomes: dict[Key, UUID | Rejection] = {}
        for each in judged:
            self._say(each)
            if isinstance(each, Rejection):
                if each.envelope:
                    outcomes.setdefault(each.envelope.key, each)
            else:
                outcomes.setdefault(each.registration.envelope.key, each.klantcontact)
        return outcomes

    def _say(self, judged: Judged) -> None:
        match judged:
            case Acceptance() as accepted:
                say_registered(self.log, accepted)
            case Repetition(registration):
                say(self.log, registration, "herhaald")
            case Rejection() as rejection:
                say_refused(self.log, rejection, self.reader.kanalen.get(rejection.delivery.queue))

    def _again(
        self, repeated: Sequence[Registration], outcomes: Mapping[Key, UUID | Rejection]
    ) -> tuple[list[Rejection | Repetition], list[Registration]]:
        """A repetition in the same batch shares the first one's outcome.

        A refusal counts again, but for what comes with another token or moment: that is to be
        judged anew. A registration is told again, to a sender that asks for it.
        """
        again: list[Rejection | Repetition] = []
        anew: list[Registration] = []
        for each in repeated:
            outcome = outcomes.get(each.envelope.key)
            if outcome is None:
                anew.append(each)
            elif isinstance(outcome, Rejection):
                if same_trust(each, outcome) and not each.resumed:
                    again.append(rejection_of(each, outcome.violations, again=outcome.again))
                else:
                    anew.append(each)
            elif each.delivery.reply_to or each.resumed:
                again.append(Repetition(each, outcome, each.klantcontact.zaak))
            else:
                say(self.log, each, "herhaald")
        return again, anew

    @on_new_sessions
    async def _commit(self, work: Sequence[Work], now: datetime) -> list[Judged]:
        asked = [each for each in work if isinstance(each, Registration)]
        async with self.store.transaction() as transaction:
            claims = await transaction.claim(asked, now) if asked else Claims()
            facts = await transaction.facts(asked) if asked else Facts()
            due = await self._due(transaction, work, claims)
            judged = [
                self.judge(each, claims, facts, now) if isinstance(each, Registration) else each
                for each in due
            ]
            judged = await self._within_room(transaction, judged)
            kept = await transaction.write(judged, now)
        return [
            replace(each, id=kept[each.id]) if isinstance(each, Rejection) else each
            for each in judged
        ]

    async def _within_room(self, transaction: Transaction, judged: list[Judged]) -> list[Judged]:
        """So many tokens wait for a key at once, and no more: the others are refused."""
        waiting = [each for each in judged if _waits_for_key(each)]
        beyond = await transaction.beyond_room(waiting) if waiting else set()
        return [
            replace(each, again=None, violations=(_NO_ROOM,))
            if isinstance(each, Rejection) and each.id in beyond
            else each
            for each in judged
        ]

    async def _due(
        self, transaction: Transaction, work: Sequence[Work], claims: Claims
    ) -> Sequence[Work]:
        """Without what somebody else dealt with since it was taken out of the dead letters."""
        resumed = [found for each in work if (found := resumed_of(each))]
        if not resumed:
            return work
        due = await transaction.still_due(resumed)
        late = [
            each for each in work if (found := resumed_of(each)) and found.dead_letter not in due
        ]
        keys = [each.envelope.key for each in late if isinstance(each, Registration)]
        known = claims.earlier.keys() | claims.reused
        await transaction.release([key for key in keys if key not in known])
        return [each for each in work if each not in late]

    async def _halve(
        self, work: Sequence[Work], now: datetime, error: Exception
    ) -> Mapping[Key, UUID | Rejection]:
        """Find the message that cannot be processed by halves; the rest is registered."""
        if len(work) > 1:
            middle = len(work) // 2
            first = await self._register(work[:middle], now)
            return {**await self._register(work[middle:], now), **first}
        (culprit,) = work
        say_unexpected(self.log, _id(culprit), error)
        if isinstance(culprit, Repetition) and not culprit.registration.resumed:
            # It is registered: nobody is told of it once more, and that is all.
            return {}
        left = _left_of(culprit)
        if left is None:
            # It stays where it is, and so does the rest of the queue.
            raise Outage(IN_NO_FORM)
        return await self._register([left], now)


_NO_ROOM = Violation(
    Code.OPVOERDER_NIET_GEAUTHENTICEERD,
    "the token's key (kid) cannot be fetched yet, and too many messages of the applicatie wait for"
    " one; send it anew later",
    "authorization",
)


def _waits_for_key(judged: Judged) -> TypeGuard[Rejection]:
    """For the first time: one that comes again has its room."""
    return (
        isinstance(judged, Rejection)
        and judged.again is not None
        and judged.resumed is None
        and judged.code is Code.OPVOERDER_NIET_GEAUTHENTICEERD
    )


def _id(work: Work) -> str | None:
    """The id of the message."""
    asked = work.registration if isinstance(work, Repetition) else work
    return asked.message_id if isinstance(asked, Rejection) else asked.envelope.id


def _left_of(culprit: Work) -> Rejection | None:
    """What the database may take of one that it refuses; None if there is nothing less."""
    match culprit:
        case Registration():
            return rejection_of(culprit, (UNEXPECTED,))
        case Rejection() if (left := bare(culprit)) != culprit:
            return left
        case _:
            return None
