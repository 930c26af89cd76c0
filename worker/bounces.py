"""Bounces: what mail systems report of mails that were sent, from `klantcontact.bounce`.

A report is matched by the address that it was sent to, the envelope sender of one mail, and then
held against that mail's recipient. A batch is put on record in one transaction, and only then
acknowledged. What cannot be read or matched is nobody's error here: a line in the log, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID, uuid5

from worker import delivery_status
from worker.domain.notifications import address_key
from worker.errors import Outage
from worker.message_log import say_unexpected
from worker.mime import HeaderError, address
from worker.return_path import mail_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from worker.delivery_status import Report, Status
    from worker.envelope import Delivery, Lane
    from worker.logs import Log

# RFC 3463 and its registry: what is the matter with the address of the recipient, whatever mail
# is sent there. Not 5.1.0, by which gateways tell of any refusal; not 5.1.7 and 5.1.8, which are
# about the sender; not a full mailbox, a route or a policy.
_OF_THE_ADDRESS: Final = {"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"}


class Outcome(StrEnum):
    """What became of a report."""

    CAME_BACK = "teruggekomen"
    DELAYED = "vertraagd"
    ON_RECORD = "herhaald"
    UNKNOWN = "onbekend"
    PASSED_OVER = "overgeslagen"
    UNREADABLE = "onleesbaar"
    UNEXPECTED = "onverwacht"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about one mail, not yet held against that mail's recipient.

    `id` is the same whenever the same report comes.
    """

    id: UUID
    mail: UUID
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report says of its mail, and the part of it that says so, if any does."""

    outcome: Outcome
    status: Status | None = None

    @property
    def marks(self) -> bool:
        """Whether nothing else that is sent to the address would arrive either."""
        of_the_address = self.status is not None and self.status.code in _OF_THE_ADDRESS
        return self.outcome is Outcome.CAME_BACK and of_the_address


class Store(Protocol):
    """Where mails and what was said of them are kept."""

    async def put(self, bounces: Sequence[Bounce], now: datetime) -> Sequence[Verdict]:
        """Put all on record, in one transaction; what became of each, in order.

        Raises Outage or BatchRejected.
        """


def judge(bounce: Bounce, adres: str) -> Verdict:
    """Hold a report against its mail, which went to `adres`: what failed comes before the rest.

    Mail that the recipient has sent on elsewhere and that fails there says nothing of `adres`.
    """
    wanted = _compared(adres)
    own = [each for each in bounce.statuses if wanted in map(_compared, each.addresses)]
    if not own:
        return Verdict(Outcome.UNKNOWN)
    by_action = {each.action: each for each in reversed(own)}
    if "failed" in by_action:
        return Verdict(Outcome.CAME_BACK, by_action["failed"])
    if "delayed" in by_action:
        return Verdict(Outcome.DELAYED, by_action["delayed"])
    return Verdict(Outcome.PASSED_OVER, own[0])


def _compared(adres: str) -> str:
    """As addresses are compared, its domain in the form in which the mail was sent."""
    try:
        return address_key(address("To", adres))
    except HeaderError:
        return address_key(adres)


@dataclass(frozen=True, slots=True)
class Bounces:
    """The way of a report, from delivery to commit; `most` is the largest, in bytes."""

    store: Store
    most: int
    clock: Callable[[], datetime]
    log: Log

    async def run(self, lane: Lane) -> None:
        """Work until the lane ends; raises Outage with the batch in hand not acknowledged."""
        while batch := await lane.batch():
            await self.take(batch)
            await lane.settle()

    async def take(self, batch: Sequence[Delivery]) -> None:
        """When this returns, what is to be kept of the batch is on record."""
        matched: list[tuple[Delivery, Bounce]] = []
        for delivery in batch:
            match self._read(delivery):
                case Bounce() as bounce:
                    matched.append((delivery, bounce))
                case Verdict() as verdict:
                    self._say(delivery, verdict)
        if matched:
            await self._put(matched, self.clock())

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
        )


def matched(delivery: Delivery, report: Report) -> Bounce | Verdict:
    """The mail that a report is about, by where the report was sent to.

    The mail system says so in the header `ontvanger`; where it does not, the report's own do.
    """
    if not report.statuses:
        return Verdict(Outcome.PASSED_OVER if report.automatic else Outcome.UNREADABLE)
    told = delivery.headers.get("ontvanger")
    addresses = [told] if isinstance(told, str) else report.sent_to
    mail = next((found for each in addresses if (found := mail_of(each))), None)
    if mail is None:
        return Verdict(Outcome.UNKNOWN)
    digest = sha256(delivery.body).hexdigest()
    return Bounce(uuid5(mail, digest), mail, report.statuses)
