"""Deliveries in: buffered per channel, handed out in batches, acknowledged by the taker.

A consumer is tended while it consumes. One that had nothing to do for a while is renewed, on a
channel of its own again: a connection that lives proves nothing of its consumers, a broker that
lost one tells nobody, and what it believes to have delivered comes again when a channel closes.
What waited for too long, because the taker is slow or stuck, goes back to the broker, where
others can have it, and nothing more is asked for until there is room.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from aiormq.abc import ChannelFrame
from aiormq.exceptions import ChannelInvalidStateError

from worker.clock import pause
from worker.errors import Outage
from worker.rabbitmq.answers import returned
from worker.rabbitmq.connection import answered, translated
from worker.rabbitmq.connection import channel as open_channel
from worker.rabbitmq.deliveries import Deliveries
from worker.rabbitmq.subscription import Subscription
from worker.rabbitmq.way import Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiormq.channel import Channel

    from worker.envelope import Delivery
    from worker.rabbitmq.connection import Connection
    from worker.rabbitmq.gate import Gate


# An idle consumer is renewed so soon that a lost one is back within 15 s, also where the broker
# leaves the first request of the renewal without an answer.
_RENEWED_SECONDS: Final = 6
_LOOKS: Final = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is handed out at once: deliveries, and bytes of their bodies.

    `linger` is how long, in seconds, a batch that is not full waits for more: a few
    milliseconds, which nobody notices, make the batches under load many times larger.
    """

    deliveries: int
    bytes: int
    linger: float = 0


class _Waiting(NamedTuple):
    """A delivery that nobody has taken, `since` when, by the monotonic clock."""

    tag: int
    delivery: Delivery
    since: float


class Consumer:
    """The deliveries of some queues on one channel of their own."""

    def __init__(
        self, connection: Connection, channel: Channel, limits: Limits, gate: Gate
    ) -> None:
        self.channel = channel
        self._connection = connection
        self._limits = limits
        self._gate = gate
        self._waiting: deque[_Waiting] = deque()
        self._in_hand = self._in_hand_bytes = self._last_tag = 0
        self._wanted: tuple[Sequence[str], int] = ((), 0)
        self._subscription = Subscription(channel, gate)
        self._way = Way(self)
        self._changing = asyncio.Lock()
        self._delivered_at = self._taken_at = time.monotonic()
        self._ended = asyncio.Event()
        self._stirred = asyncio.Event()
        self._full = asyncio.Event()
        self._stopped = False
        self.delivered = 0
        """How many deliveries came, since the beginning."""
        self._failure: str | None = None

    async def consume(self, queues: Sequence[str], prefetch: int) -> None:
        """Start consuming; `prefetch` holds for each queue by itself.

        Somebody must be taking meanwhile: the broker's answer to the second queue may stand
        behind more of the first one's deliveries than the gate lets through.
        """
        self._wanted = (queues, prefetch)
        await self._begin()

    async def add(self, queue: str) -> None:
        """Consume one more queue, as the others; where it is consumed already, nothing."""
        async with self._changing:
            queues, prefetch = self._wanted
            if queue not in queues:
                self._wanted = ([*queues, queue], prefetch)
                await self._subscription.add(queue)

    async def _begin(self) -> None:
        self._way = way = Way(self)
        self._gate.takers[self.channel.number] = Deliveries(way)
        self.channel.on_consumer_cancel_callbacks.add(way.on_cancel)
        self.channel.closing.add_done_callback(way.on_close)
        await self._subscription.begin(*self._wanted)
        self._delivered_at = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether there is a delivery that is not settled."""
        return bool(self._waiting or self._in_hand)

    @property
    def waiting(self) -> int:
        """How many deliveries nobody has taken."""
        return len(self._waiting)

    async def tend(self, longest: float, idle: float = _RENEWED_SECONDS) -> None:
        """Until the end: renew what was `idle`, give back what waited for `longest`, in seconds.

        Looks so often that nothing stays for more than an eighth longer. Raises Outage where
        the broker doesn't answer or takes the consumer away, or what was handed out is in hand
        for as long: whoever has it is stuck, and its connection is to be closed.
        """
        while not self._ended.is_set():
            now = time.monotonic()
            if self._in_hand and now - self._taken_at > longest:
                msg = f"deliveries were in hand for more than {longest:g} s; what holds them up?"
                raise Outage(msg)
            if self._waiting:
                if now - self._waiting[0].since > longest:
                    await self._give_back()
            elif self._subscription.established and now - self._delivered_at > idle:
                await self._renew()
            await pause(self._ended, min(longest, idle) / _LOOKS)
        if self._failure is not None and not self._stopped:
            raise Outage(self._failure)

    async def _renew(self) -> None:
        async with self._changing:
            self._way.open = False
            async with answered(self._gate):
                await self.channel.close()
            self.channel = await open_channel(self._connection, confirms=False)
            self._subscription = Subscription(self.channel, self._gate)
            await self._begin()

    async def _give_back(self) -> None:
        """What waits goes back, and nothing more is wanted until somebody takes again."""
        await self._subscription.rest()
        back, self._waiting = self._waiting, deque()
        if not back:
            return
        with translated():
            await self._write(returned(self.channel.number, [each.tag for each in back]))
        self._gate.release(sum(len(each.delivery.body) for each in back))

    def deliver(self, tag: int, delivery: Delivery) -> None:
        """Take one delivery."""
        if self._stopped:
            return
        self.delivered += 1
        self._gate.hold(len(delivery.body))
        self._delivered_at = time.monotonic()
        self._waiting.append(_Waiting(tag, delivery, self._delivered_at))
        self._stirred.set()
        if len(self._waiting) >= self._limits.deliveries or self._gate.shut:
            self._full.set()

    def fail(self, what: str) -> None:
        """Nothing more will come, for this reason."""
        self._failure = what
        self._stir()

    def stop(self) -> None:
        """Hand out nothing more; what is not acknowledged goes back when the channel closes."""
        self._stopped = True
        self._stir()

    def _stir(self) -> None:
        """Whoever waits is to look."""
        self._stirred.set()
        self._full.set()
        self._ended.set()

    async def batch(self) -> list[Delivery]:
        """Wait for deliveries and take up to the limits; empty once stopped."""
        return await self.take(self._limits)

    async def take(self, limits: Limits) -> list[Delivery]:
        """As `batch`, within other limits."""
        if self._subscription.resting and not (self._waiting or self._ended.is_set()):
            await self._subscription.wake()
        while not (self._waiting or self._stopped or self._failure):
            self._stirred.clear()
            await self._stirred.wait()
        await self._linger(limits)
        if self._stopped:
            return []
        if self._failure is not None:
            raise Outage(self._failure)
        self._taken_at = time.monotonic()
        taken: list[Delivery] = []
        size = 0
        while self._waiting and len(taken) < limits.deliveries and size < limits.bytes:
            each = self._waiting.popleft()
            size += len(each.delivery.body)
            self._last_tag = each.tag
            taken.append(each.delivery)
        self._in_hand += len(taken)
        self._in_hand_bytes += size
        return taken

    async def _linger(self, limits: Limits) -> None:
        if limits.linger and len(self._waiting) < limits.deliveries and not self._gate.shut:
            self._full.clear()
            await pause(self._full, limits.linger)

    async def settle(self) -> None:
        """Acknowledge everything handed out: all of it came before what still waits."""
        if not self._in_hand:
            return
        with translated():
            # Written when this returns: an ack that is still queued goes with the connection.
            await self.channel.basic_ack(self._last_tag, multiple=True, wait=True)
        self._gate.release(self._in_hand_bytes)
        self._in_hand = self._in_hand_bytes = 0

    async def _write(self, content: bytes) -> None:
        """Return when the socket has taken it: what is still queued goes with the connection."""
        if self.channel.is_closed:
            raise ChannelInvalidStateError
        written = self.channel.create_future()
        await self.channel.write_queue.put(
            ChannelFrame(content, should_close=False, drain_future=written)
        )
        await written


async def opened(connection: Connection, limits: Limits, gate: Gate) -> Consumer:
    """A consumer on a channel of its own that does not consume yet."""
    channel = await open_channel(connection, confirms=False)
    return Consumer(connection, channel, limits, gate)


@asynccontextmanager
async def consuming(
    connection: Connection,
    queues: Sequence[str],
    limits: Limits,
    gate: Gate,
    *,
    prefetch: int,
) -> AsyncIterator[Consumer]:
    """A consumer that consumes; raises Outage where a queue is missing."""
    consumer = await opened(connection, limits, gate)
    await consumer.consume(queues, prefetch)
    yield consumer
