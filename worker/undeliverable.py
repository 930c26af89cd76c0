"""Undeliverable messages: one that the broker itself cannot write to a consumer is put away.

RabbitMQ keeps messages of several protocols. One that it cannot write as AMQP 0-9-1 ends the
consumer's connection, with 541 INTERNAL_ERROR, at each delivery: consumed together, all queues
would stand still for it. So after such an end each queue is consumed on a connection of its own,
sixteen messages at a time (`Isolation`). A queue whose connection stays up goes back to the
others; one whose connection ends with 541 again is blocked. It is consumed one message at a time
until the message that blocks it is at its head. That message is taken off by AMQP 1.0, the
protocol that it came in, and becomes a dead letter.

That it is this message, and no neighbour or trouble of the broker's, is an experiment: with the
suspects held by AMQP 1.0 the consumer lives; with one of them back it ends again, before anything
else is delivered; the message that is then at the head of the queue is that one, to the byte; and
with all of them held the consumer lives once more.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeVar

from uuid_utils.compat import uuid7

from worker import metrics
from worker.clock import pause
from worker.concurrency import Tasks
from worker.errors import CannotTake, DeliveryAborted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from worker.envelope import Delivery, Lane
    from worker.logs import Log

    # What is done with the deliveries of a queue, until its consumer ends.
    Work = Callable[[Lane], Coroutine[None, None, None]]

# Another process puts a message away within seconds.
_LEASED_SECONDS: Final = 1.0
# What a consumer had that ended is on its queue again by then.
_RETURNED_SECONDS: Final = 0.2
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
# Good messages before the cause are delivered once; other processes may give back some more.
_MOST_LATE_ENDS: Final = 10
# Many may stand in a row, of one sender; each costs two connections.
_MOST_HELD: Final = 1000
_NO_MESSAGE: Final = "no message was found that is the cause; see the broker's log at this moment"
_NO_HEAD: Final = (
    "the broker ends each connection after a delivery, so the next message of the queue is not the"
    " cause; see the broker's log at this moment"
)
_LEASE_LOST: Final = (
    "another process took the lease of the queue, because PostgreSQL or RabbitMQ took more than"
    " half a minute; the messages are on the queue again, and the worker tries again"
)
HEARTBEAT: Final = timedelta(seconds=5)
"""How often a process records that a queue is still blocked."""


class Pace(NamedTuple):
    """How a queue is consumed apart, with `prefetch` deliveries at once, and for how long.

    A connection has stayed up after `seconds`, once it is idle or had `deliveries`; after
    `most_seconds` it has, whatever it had: a queue need never be idle.
    """

    prefetch: int
    seconds: float
    deliveries: int
    most_seconds: float = 15.0


# A delivery ends its connection within milliseconds; a broker that is busy may take a while. By
# then what processes together may have had in hand before the cause has been delivered. The
# prefetch is enough for a usual load, and few messages are delivered twice for one end.
_STEADY: Final = Pace(16, 3.0, 1000)
# One at a time is slow. The cause may be gone: another process puts it away too.
_ONE_BY_ONE: Final = Pace(1, 3.0, 100)
_PROBE: Final = Pace(1, 2.0, 1)


class Attempt(NamedTuple):
    """How it went on a connection of its own: deliveries, and the broker's words if it ended it."""

    delivered: int
    said: str | None = None

    @property
    def at_once(self) -> bool:
        """Whether the broker ended it before any delivery: the head of the queue did it."""
        return self.said is not None and not self.delivered


@dataclass(frozen=True, slots=True)
class Held:
    """A message that was taken and is not settled: the receiver's number of it, bytes in all.

    `identity` tells it from others, however often it is taken; `delivery` is what can be kept.
    """

    number: int
    size: int
    identity: bytes
    delivery: Delivery


class Receiver(Protocol):
    """Takes messages off a queue by AMQP 1.0. Each call raises CannotTake."""

    async def take(self) -> Held | None:
        """The one at the head; None where there is none."""

    async def accept(self, held: Held) -> None:
        """Have the broker forget it."""

    async def release(self, held: Held) -> None:
        """Give it back to the queue."""


class Broker(Protocol):
    """The broker, a connection for each call."""

    async def attempt(self, queue: str, work: Work, pace: Pace) -> Attempt:
        """Work on one queue until its connection stays up or ends.

        Raises Outage where it ends for another reason than an error of the broker's.
        """

    def receiver(self, queue: str) -> AbstractAsyncContextManager[Receiver]:
        """Take from it; what is not settled in the end goes back. Raises CannotTake."""


class Store(Protocol):
    """What processes know of each other's blocked queues; each call is committed or an Outage."""

    async def blocked(self, queue: str, said: str, reason: str | None = None) -> None:
        """It is blocked, the broker said so, and for this reason nothing can be put away."""

    async def free(self, queue: str) -> None:
        """It is not blocked any more."""

    async def leased(self, queue: str) -> bool:
        """Whether another process is putting something away."""

    async def lease(self, queue: str) -> bool:
        """Be the one that does, for a while; False where another process is."""

    async def renew(self, queue: str) -> bool:
        """Have the lease for as long again; False where another process had it since `lease`."""

    async def release(self, queue: str) -> None:
        """Give the lease back."""


class Keeper(Protocol):
    """Where dead letters are kept."""

    async def undeliverable(self, delivery: Delivery, said: str) -> UUID | None:
        """Keep it, committed; the dead letter that it is in, if it is in one. Raises Outage."""


class Shared(Protocol):
    """A consumer of several queues."""

    async def add(self, queue: str) -> None:
        """Consume one more."""


Consumer = TypeVar("Consumer", bound=Shared)


@dataclass(frozen=True)
class Way(Generic[Consumer]):
    """Queues that are worked on alike, by some consumers together."""

    queues: Sequence[str]
    consumers: Sequence[Consumer]
    work: Work


@dataclass(frozen=True, slots=True)
class Means:
    """What putting away needs, for as long as a role is up."""

    broker: Broker
    store: Store
    keeper: Keeper
    most: int
    """How many bytes are held at once."""


@dataclass(slots=True)
class _Apart:
    """What a process knows of a queue that is consumed apart."""

    said: str = ""
    """The broker's code and text; empty until the queue is blocked."""
    reason: str | None = None
    """Why the cause cannot be put away, if so."""


@dataclass(slots=True)
class Isolation:
    """Which queues of a role are consumed apart from the others. It outlives the role's outages."""

    log: Log
    process: UUID = field(default_factory=uuid7)
    """Who it is to other processes."""
    heartbeat: timedelta = HEARTBEAT
    _apart: dict[str, _Apart] = field(default_factory=dict)

    def together(self, queues: Sequence[str]) -> list[str]:
        """Those of `queues` that are not apart."""
        return [each for each in queues if each not in self._apart]

    @contextmanager
    def noticing(self, queues: Sequence[str]) -> Iterator[None]:
        """While these are consumed on one connection: if a delivery ends it, all are suspect."""
        try:
            yield
        except DeliveryAborted:
            for each in queues:
                self._apart.setdefault(each, _Apart())
            raise

    async def run(self, ways: Sequence[Way[Consumer]], means: Means, stop: asyncio.Event) -> None:
        """Work on those that are apart, each until it can go back; raises Outage."""
        async with Tasks() as tasks:
            for way in ways:
                for queue in way.queues:
                    if queue in self._apart:
                        tasks.start(f"{queue} apart", self._tend(queue, way, means, stop))

    async def _tend(
        self, queue: str, way: Way[Consumer], means: Means, stop: asyncio.Event
    ) -> None:
        known = self._apart[queue]
        apart = _Queue(queue, way.work, means, stop, self.log, self.heartbeat, known)
        if await apart.cleared():
            for each in way.consumers:
                await each.add(queue)
            await apart.freed()
            # Last: after an outage of one of these steps the role does all of them again.
            del self._apart[queue]


@dataclass(slots=True)
class _Queue:
    """One queue that is consumed apart."""

    name: str
    work: Work
    means: Means
    stop: asyncio.Event
    log: Log
    heartbeat: timedelta
    known: _Apart
    _one_by_one: bool = False
    """Whether it is consumed so, because its connection ended."""
    _late_ends: int = 0
    """How many such connections in a row ended after a delivery."""

    async def cleared(self) -> bool:
        """Wait until its connection stays up, whatever that takes; False if told to stop."""
        done = asyncio.Event()
        async with Tasks() as tasks:
            tasks.start(f"{self.name} blocked", self._beat(done), until=done)
            tasks.start(f"{self.name} cleared", self._clear(done))
        return not self.stop.is_set()

    async def freed(self) -> None:
        """It is with the others again."""
        metrics.QUEUE_BLOCKED.labels(self.name).set(0)
        if self.known.said:
            await self.means.store.free(self.name)
            self.log.info("queue_hersteld", queue=self.name)

    async def _beat(self, done: asyncio.Event) -> None:
        """Keep it on record while it is blocked; `status` ignores what no process records."""
        while not done.is_set():
            await self._record()
            await pause(done, self.heartbeat.total_seconds())

    async def _record(self) -> None:
        if self.known.said:
            await self.means.store.blocked(self.name, self.known.said, self.known.reason)

    async def _clear(self, done: asyncio.Event) -> None:
        wait = _FIRST_PAUSE_SECONDS
        while not self.stop.is_set():
            if await self.means.store.leased(self.name):
                await pause(self.stop, _LEASED_SECONDS)
                continue
            try:
                if await self._stays_up():
                    break
                wait = _FIRST_PAUSE_SECONDS
            except CannotTake as error:
                await self._blocked(self.known.said, str(error))
                await pause(self.stop, wait)
                wait = min(2 * wait, _LONGEST_PAUSE_SECONDS)
        done.set()

    async def _blocked(self, said: str, reason: str | None = None) -> None:
        """Let people know that it is, and why it stays so."""
        metrics.QUEUE_BLOCKED.labels(self.name).set(1)
        if not self.known.said or reason is not None:
            self.log.error("queue_gestremd", queue=self.name, antwoord=said, reden=reason)
        self.known.said, self.known.reason = said, reason
        await self._record()

    async def _stays_up(self) -> bool:
        """Whether its connection does; put away what is at its head if that ends it.

        Raises CannotTake.
        """
        attempt = await self._attempt(_ONE_BY_ONE if self._one_by_one else _STEADY)
        if attempt.said is None:
            was_together, self._one_by_one = not self._one_by_one, False
            return was_together
        self._one_by_one = True
        await self._blocked(attempt.said)
        if attempt.at_once and await self.means.store.lease(self.name):
            await self._unblock(attempt.said)
        return False

    async def _attempt(self, pace: Pace) -> Attempt:
        """Work on it; after an end, wait until the queue has back what was in hand.

        Raises CannotTake where only later deliveries end connections, each time.
        """
        attempt = await self.means.broker.attempt(self.name, self.work, pace)
        late = self._one_by_one and attempt.said is not None and not attempt.at_once
        self._late_ends = self._late_ends + 1 if late else 0
        if attempt.said is not None:
            await pause(self.stop, _RETURNED_SECONDS)
        if self._late_ends > _MOST_LATE_ENDS:
            raise CannotTake(_NO_HEAD)
        return attempt

    async def _unblock(self, said: str) -> None:
        """Put away what blocks it, under the lease; raises CannotTake."""
        try:
            async with self.means.broker.receiver(self.name) as receiver:
                freed = await self._put_away(receiver, said)
        finally:
            await self.means.store.release(self.name)
        if not freed and not self.stop.is_set():
            raise CannotTake(_NO_MESSAGE)
        self._one_by_one = False

    async def _put_away(self, receiver: Receiver, said: str) -> bool:
        """The experiment that the module tells of; whether the queue may be free by now."""
        held: list[Held] = []
        if not await self._without(receiver, held):
            return False
        causes = []
        for each in tuple(held):
            await receiver.release(each)
            if not await self._ends():
                continue
            again = await receiver.take()
            if again is not None and again.identity == each.identity:
                causes.append(again)
        if not await self._without(receiver, held) or self.stop.is_set():
            return False
        for each in causes:
            await self._keep(receiver, each, said)
        return bool(causes or not held)

    async def _without(self, receiver: Receiver, held: list[Held]) -> bool:
        """Whether the queue can be consumed, where need be once more is taken off and `held`."""
        while await self._ends():
            taken = await receiver.take()
            if taken is None:
                return False
            held.append(taken)
            if len(held) >= _MOST_HELD or sum(each.size for each in held) > self.means.most:
                msg = f"the broker fails on the next {len(held)} messages, or on another thing"
                raise CannotTake(msg)
        return True

    async def _ends(self) -> bool:
        """Whether the broker ends a connection at the head of the queue, as the queue is now."""
        while not self.stop.is_set():
            attempt = await self._attempt(_PROBE)
            # With another process at it, a connection's end proves nothing.
            if not await self.means.store.renew(self.name):
                raise CannotTake(_LEASE_LOST)
            if attempt.said is None:
                return False
            if attempt.at_once:
                return True
        return False

    async def _keep(self, receiver: Receiver, held: Held, said: str) -> None:
        """First on record, then off the queue: a crash between the two brings it once more."""
        delivery = held.delivery
        letter = await self.means.keeper.undeliverable(delivery, said)
        await receiver.accept(held)
        self.log.error(
            "onleverbaar",
            queue=self.name,
            bericht=delivery.message_id,
            antwoord=said,
            dead_letter=None if letter is None else str(letter),
        )
