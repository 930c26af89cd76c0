"""Relay: what is due in the outbox goes to the broker, each row at least once.

The claim is a lease, committed before anything is rendered or published, so no transaction is
open meanwhile; a relay that dies leaves rows that are due again when the lease runs out. A row
that keeps failing is parked and holds up nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from worker import metrics
from worker.concurrency import Deadline, Tasks
from worker.errors import Outage
from worker.finishing import Finished
from worker.mime import HeaderError
from worker.outcomes import Announcement
from worker.rendering import TemplateError
from worker.stored import Recall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.batches import Batch, Batches
    from worker.rendering import MailFacts

TRIES_GIVEN_BACK: Final = 3
"""How often a row is due again at once after an outage. Then it waits for the end of its lease: a
row that itself makes the broker close would be claimed first for ever."""


@dataclass(frozen=True, slots=True)
class DueMail:
    """A claimed outbox row that stands for a mail; `frozen` holds the bytes of an earlier offer."""

    row: UUID
    attempts: int
    facts: MailFacts
    frozen: bytes | None
    traces: tuple[str, ...] = ()
    """The contexts of what it tells of (see `spans`)."""


@dataclass(frozen=True, slots=True)
class DueAnnouncement:
    """A claimed outbox row that is a finished message."""

    row: UUID
    attempts: int
    told: Announcement


@dataclass(frozen=True, slots=True)
class DueRecall:
    """A claimed outbox row that calls dead letters back, each in a message of its own."""

    row: UUID
    attempts: int
    recalls: tuple[Recall, ...]


# While one batch waits for the database or the broker, another is rendered.
_AT_ONCE: Final = 2
_GIVE_BACK_SECONDS: Final = 1.0

Due = DueMail | DueAnnouncement | DueRecall


Offer = Finished | Announcement | Recall
"""What is published."""


class Outbox(Protocol):
    """The relay's store."""

    async def sweep(self, now: datetime, until: datetime) -> int:
        """Put mails and dead letters that are due in the outbox, the latter leased `until`."""

    async def claim(self, now: datetime, until: datetime, most: int) -> Sequence[Due]:
        """Lease up to `most` due rows until `until`."""

    async def freeze(
        self, offered: Sequence[Finished], until: datetime
    ) -> Mapping[UUID, bytes | None]:
        """Keep the bytes of a first offering and count the mails as offered until `until`.

        Returns the mails that may be offered: not those in hand, sent, or given up; and the
        bytes of those that were offered before by others, which stand.
        """

    async def settle(self, done: Sequence[UUID], parked: Sequence[UUID], now: datetime) -> None:
        """Delete what was confirmed and park what will never be."""

    async def give_back(self, rows: Sequence[UUID], until: datetime, now: datetime) -> None:
        """What was claimed until then and not settled is due again, the first few times."""

    async def give_up(self, mails: Mapping[UUID, str], now: datetime) -> None:
        """Mark mails that cannot be made as `mislukt`, each with the reason."""


class Broker(Protocol):
    """Where mail jobs, events, replies and recalls are published."""

    async def offer(self, jobs: Sequence[Offer]) -> Sequence[bool]:
        """Publish all; whether each was confirmed, in order.

        An event or a reply that nobody takes is confirmed all the same.
        """


class Wake(Protocol):
    """What ends the waiting between two rounds."""

    @property
    def stopped(self) -> bool:
        """Whether the relay is to stop."""

    async def wait(self, longest: timedelta) -> None:
        """Wait for a notification, for the stop, or `longest`."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The way of an outbox row, from due to deleted."""

    outbox: Outbox
    broker: Broker
    finish: Callable[[MailFacts, bytes | None], Finished]
    """A mail from its facts and the bytes of an earlier offering, if there was one."""
    clock: Callable[[], datetime]
    batches: Batches
    batch: int
    lease: timedelta
    mail_lease: timedelta
    retry_lease: timedelta
    attempts: int
    poll: timedelta

    async def run(self, wake: Wake) -> None:
        """Work until `wake` says to stop; raises Outage."""
        while not wake.stopped:
            now = self.clock()
            swept = await self.outbox.sweep(now, now + self.retry_lease)
            async with Tasks() as tasks:
                for _ in range(_AT_ONCE):
                    tasks.start("round", self._empty(wake))
            if not swept:
                await wake.wait(self.poll)

    async def _empty(self, wake: Wake) -> None:
        while await self.round() == self.batch and not wake.stopped:
            pass

    async def round(self) -> int:
        """Claim, render, freeze, publish, settle; returns how many rows were claimed."""
        now = self.clock()
        due = await self.outbox.claim(now, now + self.lease, self.batch)
        if due:
            with self.batches.in_hand(len(due)) as batch:
                try:
                    await self._publish(due, batch)
                except (Outage, asyncio.CancelledError):
                    await self._give_back(due, now + self.lease)
                    raise
        return len(due)

    async def _give_back(self, due: Sequence[Due], until: datetime) -> None:
        """Not to wait for the end of the lease; where that fails, it ends by itself."""
        with suppress(Outage, TimeoutError):
            async with Deadline(_GIVE_BACK_SECONDS):
                await self.outbox.give_back([each.row for each in due], until, self.clock())

    async def _publish(self, due: Sequence[Due], batch: Batch) -> None:
        mails = await self._mails([each for each in due if isinstance(each, DueMail)])
        offered = [(each.row, offer) for each in due for offer in _offers(each, mails)]
        confirmed = await self.broker.offer([offer for _, offer in offered])
        failing = {row for (row, _), well in zip(offered, confirmed, strict=True) if not well}
        parked = [each.row for each in due if each.row in failing and self._exhausted(each)]
        done = [each.row for each in due if each.row not in failing]
        await self.outbox.settle(done, parked, self.clock())
        self.batches.log.info(
            "outbox",
            batch=batch.number,
            claimed=len(due),
            published=sum(confirmed),
            parked=len(parked),
            ms=batch.ms,
        )
        metrics.PUBLISHED.inc(sum(confirmed))
        metrics.PARKED.inc(len(parked))

    async def _mails(self, due: Sequence[DueMail]) -> dict[UUID, Finished]:
        """Render and freeze; by row what may be offered now."""
        if not due:
            return {}
        finished, hopeless = self._finished(due)
        await self.outbox.give_up(hopeless, self.clock())
        until = self.clock() + self.mail_lease
        offerable = await self.outbox.freeze(list(finished.values()), until)
        return {
            row: replace(each, content=offerable[each.mail] or each.content)
            for row, each in finished.items()
            if each.mail in offerable
        }

    def _finished(self, due: Sequence[DueMail]) -> tuple[dict[UUID, Finished], dict[UUID, str]]:
        """By row what can be offered, by mail why not; one does not stop the others."""
        finished: dict[UUID, Finished] = {}
        hopeless: dict[UUID, str] = {}
        for each in due:
            facts = each.facts
            try:
                made = self.finish(facts, each.frozen)
                finished[each.row] = replace(made, traces=each.traces)
            except (HeaderError, TemplateError) as error:
                # Neither quotes a value.
                self.batches.log.warning("mail_mislukt", mail=str(facts.mail), reden=str(error))
                hopeless[facts.mail] = str(error)
        return finished, hopeless

    def _exhausted(self, due: Due) -> bool:
        if due.attempts < self.attempts:
            return False
        self.batches.log.error("outbox_geparkeerd", outbox=str(due.row), pogingen=due.attempts)
        return True


def _offers(due: Due, mails: Mapping[UUID, Finished]) -> Sequence[Offer]:
    """What a row has to offer; nothing, where its mail may not be offered now."""
    match due:
        case DueAnnouncement():
            return (due.told,)
        case DueRecall():
            return due.recalls
        case DueMail():
            return (mails[due.row],) if due.row in mails else ()
