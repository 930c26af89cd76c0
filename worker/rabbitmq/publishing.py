"""Publications out, each confirmed by the broker or reported as not.

aiormq writes and awaits each message by itself: a lock, a task, two futures and a write, twice
what the rest of the relay costs. Here those that go together are written together, and their
confirms counted where they arrive.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiormq.abc import ChannelFrame
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.concurrency import Deadline
from worker.errors import Outage
from worker.rabbitmq.confirms import Confirms, Window
from worker.rabbitmq.connection import channel as open_channel
from worker.rabbitmq.connection import translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from aiormq.channel import Channel

    from worker.rabbitmq.confirms import Route
    from worker.rabbitmq.connection import Connection

# From one confirm to the next. A silence is *unknown*, not failed: the message may still arrive,
# so whoever publishes again uses the same message id.
_CONFIRM_SECONDS: Final = 10
# Written at once: enough to cost little each, few enough to bound what waits to be sent.
_TOGETHER: Final = 32


@dataclass(frozen=True, slots=True)
class Publication:
    """One persistent message. `user_id` must be the connection's own user, or None.

    A `mandatory` one that no queue takes counts as not confirmed; another one as delivered.
    """

    exchange: str
    routing_key: str
    message_id: str
    body: bytes
    content_type: str
    type: str | None = None
    user_id: str | None = None
    timestamp: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reply_to: str | None = None
    correlation_id: str | None = None
    mandatory: bool = True


class Publisher:
    """A channel in confirm mode, which nobody else publishes on."""

    def __init__(self, channel: Channel, confirms: Confirms) -> None:
        self._channel = channel
        self._confirms = confirms

    async def publish(self, publications: Sequence[Publication]) -> list[bool]:
        """Publish all; whether each was confirmed, in order.

        A mandatory one that no queue takes was not confirmed. Raises Outage if the broker or
        the channel goes away, or is silent for too long.
        """
        if not publications:
            return []
        with translated():
            window = Window(
                [False] * len(publications), len(publications), self._channel.create_future()
            )
            async with Deadline(_CONFIRM_SECONDS, lambda: window.heard):
                for start in range(0, len(publications), _TOGETHER):
                    await self._write(publications[start : start + _TOGETHER], window, start)
                await window.done
        return window.confirmed

    async def gone(self) -> None:
        """Wait until there is nobody to publish to; raises Outage."""
        await asyncio.wait([self._channel.closing])
        raise Outage("RabbitMQ closed the connection")

    async def _write(self, part: Sequence[Publication], window: Window, start: int) -> None:
        """Write them, and wait until the socket has taken them.

        They count from the moment that the writer has them, whatever happens then: the broker
        may see them.
        """
        content = b"".join(map(self._frames, part))
        written = self._channel.create_future()
        async with self._channel.lock:
            await self._channel.write_queue.put(
                ChannelFrame(content, should_close=False, drain_future=written)
            )
            self._confirms.expect(window, start, [_route(each) for each in part])
        await written

    def _frames(self, publication: Publication) -> bytes:
        """Method, header, and the body in as many frames as it takes."""
        number = self._channel.number
        most = self._channel.connection.connection_tune.frame_max - 8
        body = publication.body
        method = Basic.Publish(
            exchange=publication.exchange,
            routing_key=publication.routing_key,
            mandatory=publication.mandatory,
        )
        header = ContentHeader(body_size=len(body), properties=_properties(publication))
        pieces = (
            frame.marshal(ContentBody(body[place : place + most]), number)
            for place in range(0, len(body), most)
        )
        return b"".join((frame.marshal(method, number), frame.marshal(header, number), *pieces))


def _route(publication: Publication) -> Route:
    return (publication.exchange, publication.routing_key, publication.message_id)


def _properties(publication: Publication) -> Basic.Properties:
    return Basic.Properties(
        content_type=publication.content_type,
        delivery_mode=2,
        message_id=publication.message_id,
        message_type=publication.type,
        user_id=publication.user_id,
        timestamp=publication.timestamp,
        headers=dict(publication.headers) or None,
        reply_to=publication.reply_to,
        correlation_id=publication.correlation_id,
    )


def publisher(connection: Connection, channel: Channel) -> Publisher:
    """A publisher on a channel that is in confirm mode."""
    confirms = Confirms()
    connection.gate.takers[channel.number] = confirms
    return Publisher(channel, confirms)


@asynccontextmanager
async def publishing(connection: Connection) -> AsyncIterator[Publisher]:
    """A publisher on a channel of its own."""
    yield publisher(connection, await open_channel(connection, confirms=True))
