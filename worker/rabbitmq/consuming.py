"""Deliveries in: buffered per channel, handed out in batches, acknowledged by the taker."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from struct import Struct
from typing import TYPE_CHECKING, Final

from aiormq.abc import ChannelFrame
from aiormq.exceptions import ChannelInvalidStateError

from worker.envelope import Delivery
from worker.errors import Outage
from worker.rabbitmq.connection import channel as open_channel
from worker.rabbitmq.connection import translated
from worker.rabbitmq.deliveries import Deliveries
from worker.rabbitmq.transport import METHOD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    import aio_pika
    from aiormq.abc import DeliveredMessage
    from aiormq.channel import Channel
    from pamqp.commands import Basic

    from worker.rabbitmq.gate import Gate


# Type, channel and size of a frame; class, method, delivery tag and `multiple`; the end.
_ACK: Final = Struct(">BHIHHQBB")
_FRAME_END: Final = 0xCE


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is handed out at once: deliveries, and bytes of their bodies.

    `linger` is how long, in seconds, a batch that is not full waits for more: a few
    milliseconds, which nobody notices, make the batches under load many times larger.
    """

    deliveries: int
    bytes: int
    linger: float = 0


class Consumer:
    """The deliveries of some queues on one channel of their own."""

    def __init__(self, channel: Channel, limits: Limits, gate: Gate) -> None:
        self._channel = channel
        self._limits = limits
        self._gate = gate
        self._waiting: deque[tuple[int, Delivery]] = deque()
        self._handed_out: dict[int, int] = {}
        self._stirred = asyncio.Event()
        self._full = asyncio.Event()
        self._stopped = False
        self._failure: str | None = None

    async def consume(self, queues: Sequence[str], prefetch: int) -> None:
        """Start consuming; `prefetch` holds for each queue by itself.

        Somebody must be taking meanwhile: the broker's answer to the second queue may stand
        behind more of the first one's deliveries than the gate lets through.
        """
        self._gate.takers[self._channel.number] = Deliveries(self)
        self._channel.on_consumer_cancel_callbacks.add(self._on_cancel)
        self._channel.closing.add_done_callback(self._on_close)
        with translated():
            await self._channel.basic_qos(prefetch_count=prefetch)
            for queue in queues:
                # The tag is what a delivery is known by; it needs to be unique per channel.
                await self._channel.basic_consume(queue, _never, consumer_tag=queue)

    def deliver(
        self, queue: str, tag: int, properties: Basic.Properties, body: bytes, *, again: bool
    ) -> None:
        """Take one delivery."""
        if self._stopped:
            return
        self._gate.hold(len(body))
        self._waiting.append((tag, _delivery(queue, properties, body, again=again)))
        self._stirred.set()
        if len(self._waiting) >= self._limits.deliveries or self._gate.shut:
            self._full.set()

    def _on_cancel(self, _: object) -> None:
        self._fail("RabbitMQ cancelled a consumer: a queue was deleted or has no leader")

    def _on_close(self, closing: asyncio.Future[object]) -> None:
        if not closing.cancelled():
            closing.exception()
        self._fail("RabbitMQ closed the connection")

    def _fail(self, what: str) -> None:
        self._failure = what
        self._stirred.set()
        self._full.set()

    def stop(self) -> None:
        """Hand out nothing more; what is not acknowledged goes back when the channel closes."""
        self._stopped = True
        self._stirred.set()
        self._full.set()

    async def batch(self) -> list[Delivery]:
        """Wait for deliveries and take up to the limits; empty once stopped."""
        return [delivery for _, delivery in await self.take(self._limits)]

    async def take(self, limits: Limits) -> list[tuple[int, Delivery]]:
        """As `batch`, each with the tag to acknowledge it by."""
        while not (self._waiting or self._stopped or self._failure):
            self._stirred.clear()
            await self._stirred.wait()
        await self._linger(limits)
        if self._stopped:
            return []
        if self._failure is not None:
            raise Outage(self._failure)
        taken: list[tuple[int, Delivery]] = []
        size = 0
        while self._waiting and len(taken) < limits.deliveries and size < limits.bytes:
            tag, delivery = self._waiting.popleft()
            size += len(delivery.body)
            self._handed_out[tag] = len(delivery.body)
            taken.append((tag, delivery))
        return taken

    async def _linger(self, limits: Limits) -> None:
        if limits.linger and len(self._waiting) < limits.deliveries and not self._gate.shut:
            self._full.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), limits.linger)

    async def settle(self) -> None:
        """Acknowledge everything handed out: all of it came before what still waits."""
        if not self._handed_out:
            return
        last = max(self._handed_out)
        with translated():
            # Written when this returns: an ack that is still queued goes with the connection.
            await self._channel.basic_ack(last, multiple=True, wait=True)
        self._gate.release(sum(self._handed_out.values()))
        self._handed_out.clear()

    async def acknowledge(self, tags: Collection[int]) -> None:
        """Acknowledge these, written at once: one word for the oldest that stand in a row."""
        if not tags:
            return
        done = set(tags)
        row = tuple(takewhile(done.__contains__, self._handed_out))
        content = _ack(self._channel.number, row[-1], multiple=True) if row else b""
        content += b"".join(_ack(self._channel.number, tag) for tag in done.difference(row))
        with translated():
            await self._write(content)
        self._gate.release(sum(self._handed_out.pop(tag) for tag in done))

    async def _write(self, content: bytes) -> None:
        """Return when the socket has taken it: what is still queued goes with the connection."""
        if self._channel.is_closed:
            raise ChannelInvalidStateError
        written = self._channel.create_future()
        await self._channel.write_queue.put(
            ChannelFrame(content, should_close=False, drain_future=written)
        )
        await written


def _ack(channel: int, tag: int, *, multiple: bool = False) -> bytes:
    """The frame of basic.ack (AMQP 0-9-1, sections 2.3.5 and 1.8.3.13)."""
    return _ACK.pack(METHOD, channel, 13, 60, 80, tag, multiple, _FRAME_END)


async def _never(_: DeliveredMessage) -> None:
    """The transport hands deliveries to the taker, and none to aiormq."""


def _delivery(queue: str, properties: Basic.Properties, body: bytes, *, again: bool) -> Delivery:
    return Delivery(
        body=body,
        queue=queue,
        user_id=properties.user_id,
        message_id=properties.message_id,
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        timestamp=properties.timestamp,
        reply_to=properties.reply_to,
        correlation_id=properties.correlation_id,
        redelivered=again,
        headers=properties.headers or {},
    )


async def opened(connection: aio_pika.Connection, limits: Limits, gate: Gate) -> Consumer:
    """A consumer on a channel of its own that does not consume yet."""
    return Consumer(await open_channel(connection, confirms=False), limits, gate)


@asynccontextmanager
async def consuming(
    connection: aio_pika.Connection,
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
