"""Bounces: what mail systems report of mails that were sent, from `klantcontact.bounce`.

A batch is read, put on record in one transaction, and only then acknowledged. What cannot be read
or matched is nobody's error here: a line in the log, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from worker import delivery_status
from worker.errors import Outage
from worker.message_log import say_unexpected
from worker.returned import Bounce, Outcome, Verdict, matched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from worker.envelope import Delivery
    from worker.logs import Log


class Store(Protocol):
    """Where mails and what was said of them are kept."""

    async def put(self, bounces: Sequence[Bounce], now: datetime) -> Sequence[Verdict]:
        """Put all on record, in one transaction; what became of each, in order.

        Raises Outage or BatchRejected.
        """


@dataclass(frozen=True, slots=True)
class Bounces:
    """The way of a report, from delivery to commit; `most` is the largest, in bytes."""

    store: Store
    most: int
    clock: Callable[[], datetime]
    log: Log

    async def take(self, batch: Sequence[Delivery]) -> None:
        """When this returns, what is to be kept of the batch is on record."""
        about_mails: list[tuple[Delivery, Bounce]] = []
        for delivery in batch:
            match self._read(delivery):
                case Bounce() as bounce:
                    about_mails.append((delivery, bounce))
                case Verdict() as verdict:
                    self._say(delivery, verdict)
        if about_mails:
            await self._put(about_mails, self.clock())

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        """Leave what ended the program each time, unread."""
        for delivery in batch:
            self._say(delivery, Verdict(Outcome.UNEXPECTED))

    def _read(self, delivery: Delivery) -> Bounce | Verdict:
        if len(delivery.body) > self.most:
            return Verdict(Outcome.UNREADABLE)
        try:
            return matched(delivery, delivery_status.read(delivery.body))
        except Exception as error:  # noqa: BLE001 (whatever a report does, others come behind it)
            say_unexpected(self.log, delivery.message_id, error)
            return Verdict(Outcome.UNREADABLE)

    async def _put(self, work: Sequence[tuple[Delivery, Bounce]], now: datetime) -> None:
        """One transaction; what the database or a defect refuses is halved to the culprit."""
        try:
            verdicts = await self.store.put([bounce for _, bounce in work], now)
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other reports)
            await self._halve(work, now, error)
            return
        for (delivery, bounce), verdict in zip(work, verdicts, strict=True):
            self._say(delivery, verdict, bounce)

    async def _halve(
        self, work: Sequence[tuple[Delivery, Bounce]], now: datetime, error: Exception
    ) -> None:
        if len(work) > 1:
            middle = len(work) // 2
            await self._put(work[:middle], now)
            await self._put(work[middle:], now)
            return
        ((delivery, bounce),) = work
        say_unexpected(self.log, delivery.message_id, error)
        self._say(delivery, Verdict(Outcome.UNEXPECTED), bounce)

    def _say(self, delivery: Delivery, verdict: Verdict, bounce: Bounce | None = None) -> None:
        self.log.info(
            "bounce",
            outcome=str(verdict.outcome),
            bericht=delivery.message_id,
            mail=str(bounce.mail) if bounce else None,
            status=verdict.status.code if verdict.status else None,
            onbestelbaar=verdict.undeliverable,
        )
