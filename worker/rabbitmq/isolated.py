"""One queue on a connection of its own, and its messages by AMQP 1.0."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.clock import pause
from worker.concurrency import Tasks
from worker.errors import DeliveryAborted
from worker.rabbitmq.amqp10 import message
from worker.rabbitmq.amqp10.link import linked
from worker.rabbitmq.connection import delivering
from worker.rabbitmq.consuming import Limits, opened
from worker.undeliverable import Attempt, Held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from worker.rabbitmq.amqp10.link import Link
    from worker.rabbitmq.connection import Connection
    from worker.rabbitmq.consuming import Consumer
    from worker.rabbitmq.tls import Address
    from worker.undeliverable import Pace, Work

_IDLE_SECONDS = 1.0
_LOOKED_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class IsolatedQueues:
    """Each call opens and closes a connection.

    `patience` is how long, in seconds, a delivery may be in hand; `most` is the largest message
    that AMQP 1.0 takes, in bytes.
    """

    connected: Callable[[], AbstractAsyncContextManager[Connection]]
    address: Callable[[], Address]
    stop: asyncio.Event
    patience: float
    most: int

    async def attempt(self, queue: str, work: Work, pace: Pace) -> Attempt:
        """Work on one queue until its connection stays up or ends; raises Outage."""
        limits = Limits(pace.prefetch, self.most)
        consumer: Consumer | None = None
        try:
            async with self.connected() as connection:
                with delivering(connection):
                    consumer = await opened(connection, limits, connection.gate)
                    await self._work(consumer, queue, work, pace)
        except DeliveryAborted as error:
            return Attempt(consumer.delivered if consumer else 0, error.said)
        return Attempt(consumer.delivered)

    async def _work(self, consumer: Consumer, queue: str, work: Work, pace: Pace) -> None:
        done = asyncio.Event()
        async with Tasks() as tasks:
            tasks.start(queue, work(consumer), until=done)
            tasks.start(f"consumer of {queue}", consumer.tend(self.patience), until=done)
            tasks.start(f"{queue} is up", self._consume(consumer, queue, pace, done))

    async def _consume(
        self, consumer: Consumer, queue: str, pace: Pace, done: asyncio.Event
    ) -> None:
        """Until it was up for long enough; then `done` is set."""
        await consumer.consume([queue], pace.prefetch)
        await self._wait(consumer, pace)
        done.set()
        consumer.stop()

    async def _wait(self, consumer: Consumer, pace: Pace) -> None:
        began = last = time.monotonic()
        seen = 0
        while not self.stop.is_set():
            now = time.monotonic()
            if consumer.busy or consumer.delivered != seen:
                seen, last = consumer.delivered, now
            quiet = now - last >= _IDLE_SECONDS or seen >= pace.deliveries
            up = now - began
            if up >= pace.most_seconds or (up >= pace.seconds and quiet):
                return
            await pause(self.stop, _LOOKED_SECONDS)

    @asynccontextmanager
    async def receiver(self, queue: str) -> AsyncIterator[Receiver]:
        """Take messages off it by AMQP 1.0; raises CannotTake."""
        async with linked(self.address(), queue, self.most) as link:
            yield Receiver(link, queue)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A link on one queue. Each call raises CannotTake."""

    link: Link
    queue: str

    async def take(self) -> Held | None:
        """The message at the head; None where there is none."""
        taken = await self.link.take()
        if taken is None:
            return None
        payload = taken.payload
        kept = message.delivery(payload, self.queue)
        return Held(taken.number, len(payload), message.identity(payload), kept)

    async def accept(self, held: Held) -> None:
        """Have the broker forget it."""
        await self.link.accept(held.number)

    async def release(self, held: Held) -> None:
        """Give it back to the queue."""
        await self.link.release(held.number)
