"""Register facts: from `klantcontact.zaken` and from files, each a whole snapshot.

Only zaken come by queue, and only from the zaaksysteem, so that no message can grant rights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError
from uuid_utils.compat import uuid7

from worker.condemned import condemned
from worker.domain.register import FEIT, Feit, Zaak
from worker.envelope import Rejection
from worker.errors import BatchRejected, Code, Refusal, Violation
from worker.formats import ZAAK_BIJGEWERKT, decode
from worker.formats.content import refusal
from worker.formats.naming import with_names
from worker.message_log import say_unexpected
from worker.reading import UNEXPECTED
from worker.unpacking import resumed_from, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from worker.envelope import Delivery, Resumed
    from worker.logs import Log
    from worker.stored import Stored


@dataclass(frozen=True, slots=True)
class DatedFact:
    """A fact and the moment at which it was so; `resumed` names the dead letter it was."""

    fact: Feit
    time: datetime
    resumed: Resumed | None = None


class RegisterStore(Protocol):
    """Where facts are kept."""

    async def put(
        self, facts: Sequence[DatedFact], rejected: Sequence[Rejection], now: datetime, by: str
    ) -> int:
        """Store what is newer than what is there, in one transaction; how many were.

        Dead letters that facts or rejections were taken out of are resolved or put back, unless
        somebody else has dealt with them.
        """


def parse_fact(data: bytes) -> Feit:
    """Parse one fact; raises Refusal with every violation at once."""
    try:
        return FEIT.validate_json(data)
    except ValidationError as error:
        raise refusal(error) from None


def dated(fact: Feit, sent: datetime, now: datetime, skew: timedelta) -> DatedFact:
    """A fact is of the time that it says, else of the time that it was sent; never later."""
    time = fact.time or sent
    if time > now + skew:
        detail = "a fact from the future would outlast every later one"
        raise Refusal(Violation(Code.ONGELDIG, detail, "time"))
    return DatedFact(fact, time)


@dataclass(frozen=True, slots=True)
class ZakenIntake:
    """The way of a fact by queue, from delivery to commit."""

    store: RegisterStore
    zaaksysteem: str
    skew: timedelta
    message_bytes: int
    clock: Callable[[], datetime]
    log: Log

    async def take(self, batch: Sequence[Delivery]) -> None:
        """Store the facts of a batch; what is not one becomes a dead letter."""
        await self._take([(delivery, None) for delivery in batch])

    async def retake(self, batch: Sequence[Stored]) -> None:
        """As `take`, of messages that were put away before."""
        await self._take([(each.delivery, each) for each in batch])

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        """Refuse what ended the program each time, unread."""
        await self._condemn([condemned(each) for each in batch])

    async def recondemn(self, batch: Sequence[Stored]) -> None:
        """As `condemn`, of messages that were put away before."""
        await self._condemn([condemned(each.delivery, resumed_from(each)) for each in batch])

    async def _condemn(self, rejected: list[Rejection]) -> None:
        await self._put([], rejected, self.clock())
        self.log.info("zaken", received=len(rejected), stored=0, rejected=len(rejected))

    async def _take(self, batch: Sequence[tuple[Delivery, Stored | None]]) -> None:
        now = self.clock()
        facts: list[tuple[Delivery, DatedFact]] = []
        rejected: list[Rejection] = []
        for delivery, stored in batch:
            resumed = resumed_from(stored) if stored else None
            try:
                facts.append(
                    (delivery, replace(self._read(delivery, stored, now), resumed=resumed))
                )
            except Refusal as refused:
                rejection = _rejection(delivery, refused.violations, resumed)
                rejected.append(with_names(rejection, self.message_bytes, self.log))
            except Exception as error:  # noqa: BLE001 (a defect must not stop the other facts)
                say_unexpected(self.log, delivery.message_id, error)
                rejected.append(_rejection(delivery, (UNEXPECTED,), resumed))
        put = await self._put(facts, rejected, now)
        self.log.info("zaken", received=len(batch), stored=put, rejected=len(rejected))

    async def _put(
        self,
        facts: Sequence[tuple[Delivery, DatedFact]],
        rejected: list[Rejection],
        now: datetime,
    ) -> int:
        """Store a batch; one that the database refuses is halved down to the fact at fault."""
        try:
            return await self.store.put(
                [each for _, each in facts], rejected, now, self.zaaksysteem
            )
        except BatchRejected as error:
            if not facts:
                raise
            if len(facts) == 1:
                self.log.warning("onverwacht", bericht=facts[0][0].message_id, reden=str(error))
                unexpected = Violation(Code.ONVERWACHT, "the database refuses it")
                culprit = _rejection(facts[0][0], (unexpected,), facts[0][1].resumed)
                return await self._put([], [*rejected, culprit], now)
            middle = len(facts) // 2
            stored = await self._put(facts[:middle], rejected, now)
            return stored + await self._put(facts[middle:], [], now)

    def _read(self, delivery: Delivery, stored: Stored | None, now: datetime) -> DatedFact:
        if delivery.user_id != self.zaaksysteem:
            detail = "only the zaaksysteem sends facts, with its name in user_id"
            raise Refusal(Violation(Code.APPLICATIE_ONBEKEND, detail, "user_id"))
        if stored is None:
            envelope = decode(delivery, now, self.message_bytes, ZAAK_BIJGEWERKT)
        else:
            envelope = unpack(stored, self.message_bytes, ZAAK_BIJGEWERKT)
        fact = parse_fact(envelope.data)
        if not isinstance(fact, Zaak):
            detail = "only zaken come by queue; use `klantcontact register import`"
            raise Refusal(Violation(Code.ONGELDIG, detail, "soort"))
        return dated(fact, envelope.time, now, self.skew)


def _rejection(
    delivery: Delivery, violations: tuple[Violation, ...], resumed: Resumed | None
) -> Rejection:
    digest = sha256(delivery.body).digest()
    return Rejection(uuid7(), delivery, violations, digest, resumed=resumed)
