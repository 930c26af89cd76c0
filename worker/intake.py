"""Intake: from deliveries on `klantcontact.registratie.*` to rows in the dossier.

A lane takes a batch, decides every message of it, commits all of it in one transaction, and
only then acknowledges. What one message does wrong is its own affair: it becomes a dead
letter, and the others of its batch are registered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from uuid_utils.compat import uuid7

from worker.domain.decision import Refused, Registered, decide
from worker.domain.rules import Policy, Question
from worker.envelope import Rejection
from worker.errors import Code, Outage, Refusal, Violation
from worker.formats import decode
from worker.formats.content import parse_klantcontact
from worker.message_log import say, say_refused, say_unexpected
from worker.registration import Acceptance, Registration, fold, rejection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from worker.domain.facts import Facts
    from worker.envelope import Delivery, Key, Lane
    from worker.logs import Log


class Transaction(Protocol):
    """What the intake does to the store, all of it or nothing."""

    async def claim(self, asked: Sequence[Registration], now: datetime) -> dict[Key, bytes]:
        """Claim the keys; return the digest of those that were registered before."""

    async def facts(self, asked: Sequence[Registration]) -> Facts:
        """The register's facts for all of them, the zaken locked against closing."""

    async def write(
        self, accepted: Sequence[Acceptance], rejected: Sequence[Rejection], now: datetime
    ) -> dict[UUID, UUID]:
        """Store what was accepted and what was refused.

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

    store: Store
    policy: Policy
    message_bytes: int
    kanalen: dict[str, str]
    """Which kanaal each queue stands for."""
    clock: Callable[[], datetime]
    log: Log

    async def run(self, lane: Lane) -> None:
        """Work until the lane ends; raises Outage with the batch in hand not acknowledged."""
        while batch := await lane.batch():
            await self.take(batch)
            await lane.settle()

    async def take(self, batch: Sequence[Delivery]) -> None:
        """Read, fold, register. When this returns, everything of the batch is on record."""
        now = self.clock()
        read = [self._read(delivery, now) for delivery in batch]
        readable = [each for each in read if isinstance(each, Registration)]
        rejected = [each for each in read if isinstance(each, Rejection)]
        while readable or rejected:
            first, repeated, readable = fold(readable)
            refused = await self._register(first, rejected, now)
            rejected = self._refused_again(repeated, refused)

    def _read(self, delivery: Delivery, now: datetime) -> Registration | Rejection:
        """Decode and parse one delivery; whatever is wrong with it stays its own."""
        envelope = None
        try:
            envelope = decode(delivery, now, self.message_bytes)
            klantcontact = parse_klantcontact(envelope.data)
            return Registration(
                uuid7(),
                delivery,
                envelope,
                klantcontact,
                klantcontact.digest(),
                self.kanalen[delivery.queue],
            )
        except Refusal as refusal:
            violations = refusal.violations
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other messages)
            say_unexpected(self.log, delivery.message_id, error)
            violations = (_UNEXPECTED,)
        return Rejection(uuid7(), delivery, violations, sha256(delivery.body).digest(), envelope)

    async def _register(
        self, asked: Sequence[Registration], rejected: Sequence[Rejection], now: datetime
    ) -> list[Rejection]:
        """One transaction; what the database or a defect refuses is halved to the culprit.

        Returns all that was refused.
        """
        try:
            accepted, refused, repeated = await self._commit(asked, rejected, now)
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other messages)
            return await self._halve(asked, rejected, now, error)
        for acceptance in accepted:
            registered = acceptance.registration
            say(self.log, registered, "geregistreerd", klantcontact=str(registered.id))
        for rejection in refused:
            say_refused(self.log, rejection, self.kanalen.get(rejection.delivery.queue))
        for again in repeated:
            say(self.log, again, "herhaald")
        return refused

    def _refused_again(
        self, repeated: Sequence[Registration], refused: Sequence[Rejection]
    ) -> list[Rejection]:
        """A repetition in the same batch shares the first one's outcome: a refusal counts again."""
        outcomes = {each.envelope.key: each for each in refused if each.envelope}
        again: list[Rejection] = []
        for each in repeated:
            first = outcomes.get(each.envelope.key)
            if first is None:
                say(self.log, each, "herhaald")
            else:
                again.append(rejection_of(each, first.violations))
        return again

    async def _commit(
        self, asked: Sequence[Registration], rejected: Sequence[Rejection], now: datetime
    ) -> tuple[list[Acceptance], list[Rejection], list[Registration]]:
        accepted: list[Acceptance] = []
        refused = list(rejected)
        repeated: list[Registration] = []
        async with self.store.transaction() as transaction:
            before = await transaction.claim(asked, now) if asked else {}
            facts = await transaction.facts(asked)
            for each in asked:
                match self._judge(each, before.get(each.envelope.key), facts, now):
                    case Acceptance() as acceptance:
                        accepted.append(acceptance)
                    case Rejection() as rejection:
                        refused.append(rejection)
                    case None:
                        repeated.append(each)
            kept = await transaction.write(accepted, refused, now)
        refused = [replace(each, id=kept[each.id]) for each in refused]
        return accepted, refused, repeated

    def _judge(
        self, asked: Registration, before: bytes | None, facts: Facts, now: datetime
    ) -> Acceptance | Rejection | None:
        """Accept or refuse; None for what was registered before with the same content."""
        if before is not None:
            return None if before == asked.digest else rejection_of(asked, (_REUSED,))
        question = Question(
            asked.klantcontact,
            asked.envelope.applicatie,
            asked.kanaal,
            asked.envelope.time,
            now,
            facts,
            self.policy,
        )
        match decide(question):
            case Registered() as decision:
                return Acceptance(asked, decision)
            case Refused(violations):
                return rejection_of(asked, violations, claim=asked.envelope.key)

    async def _halve(
        self,
        asked: Sequence[Registration],
        rejected: Sequence[Rejection],
        now: datetime,
        error: Exception,
    ) -> list[Rejection]:
        """Find the message that cannot be processed by halves; the rest is registered."""
        everything: list[Registration | Rejection] = [*asked, *rejected]
        if len(everything) > 1:
            middle = len(everything) // 2
            return [
                refused
                for half in (everything[:middle], everything[middle:])
                for refused in await self._register(
                    [each for each in half if isinstance(each, Registration)],
                    [each for each in half if isinstance(each, Rejection)],
                    now,
                )
            ]
        (culprit,) = everything
        if isinstance(culprit, Rejection):
            raise error
        say_unexpected(self.log, culprit.envelope.id, error)
        return await self._register([], [rejection_of(culprit, (_UNEXPECTED,))], now)


_REUSED = Violation(
    Code.ID_HERGEBRUIKT,
    "a klantcontact with other content was registered under this id; use a new one",
    "message_id",
)
_UNEXPECTED = Violation(Code.ONVERWACHT, "see the log at the time of this dead letter")
