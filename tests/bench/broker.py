"""The bench's side of the broker: filling queues, emptying them, looking into them."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import aio_pika

from worker.rabbitmq.connection import connected
from worker.rabbitmq.publishing import Publication, publishing
from worker.rabbitmq.topology import (
    DLQ,
    NOTIFICATIE_EMAIL,
    REGISTRATIE,
    REGISTRATIE_QUEUES,
    ZAKEN,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

    from tests.bench.material import Message

QUEUES: Final = (*REGISTRATIE_QUEUES, ZAKEN, NOTIFICATIE_EMAIL, DLQ)
_WINDOW: Final = 500
_WINDOW_BYTES: Final = 16 * 1024 * 1024


async def fill(users: Mapping[str, str], messages: Iterable[Message]) -> None:
    """Publish as the channels would: each with its own user, persistent, confirmed."""
    by_kanaal: dict[str, list[Message]] = defaultdict(list)
    for each in messages:
        by_kanaal[each.kanaal].append(each)
    async with asyncio.TaskGroup() as group:
        for kanaal, those in by_kanaal.items():
            publications = (registration(each) for each in those)
            group.create_task(publish(users[kanaal], publications))


def registration(message: Message) -> Publication:
    """The message as its channel publishes it."""
    return Publication(
        exchange=REGISTRATIE,
        routing_key=message.kanaal,
        message_id=message.id,
        body=message.body,
        content_type=message.content_type,
        user_id=message.kanaal,
        timestamp=datetime.now(UTC),
        headers={"authorization": f"Bearer {message.token}"} if message.token else {},
    )


async def publish(amqp: str, publications: Iterable[Publication]) -> None:
    """Publish in windows of confirms; raises when one isn't confirmed."""
    async with (
        connected(amqp, "bench publisher") as connection,
        publishing(connection) as publisher,
    ):
        for window in windows(publications):
            if not all(await publisher.publish(window)):
                raise RuntimeError("the broker took not all of the messages")


def windows(publications: Iterable[Publication]) -> Iterator[list[Publication]]:
    """Up to 500 at once, and no more than 16 MiB."""
    window: list[Publication] = []
    size = 0
    for each in publications:
        window.append(each)
        size += len(each.body)
        if len(window) == _WINDOW or size > _WINDOW_BYTES:
            yield window
            window, size = [], 0
    if window:
        yield window


async def purge(admin: str) -> None:
    """Empty every queue."""
    async with _channel(admin) as channel:
        for name in QUEUES:
            await (await channel.get_queue(name, ensure=False)).purge()


async def depths(admin: str) -> dict[str, int]:
    """How many messages are ready in each queue; what a consumer has in hand isn't counted."""
    found = {}
    async with _channel(admin) as channel:
        for name in QUEUES:
            queue = await channel.declare_queue(name, passive=True)
            found[name] = queue.declaration_result.message_count or 0
    return found


async def waiting(admin: str) -> dict[str, int]:
    """The queues that aren't empty, and how many messages each has."""
    return {name: count for name, count in (await depths(admin)).items() if count}


async def empty(admin: str) -> None:
    """Return when no message is ready in any queue."""
    while await waiting(admin):  # noqa: ASYNC110 (the broker tells nobody)
        await asyncio.sleep(0.5)


async def consumed(admin: str, names: Sequence[str], seconds: float) -> float:
    """The moment, within some milliseconds, at which one of the queues has a consumer."""
    async with asyncio.timeout(seconds), _channel(admin) as channel:
        while True:
            for name in names:
                queue = await channel.declare_queue(name, passive=True)
                if queue.declaration_result.consumer_count:
                    return time.time()
            await asyncio.sleep(0.002)


async def version(admin: str) -> str:
    """What the broker says that it is."""
    async with connected(admin, "bench") as connection:
        transport = connection.transport
        assert transport is not None
        properties = transport.connection.server_properties
        return str(properties.get("version"))


async def drain(amqp: str, name: str, count: int) -> list[Publication]:
    """Take `count` messages from a queue, as they could be published again."""
    taken: list[Publication] = []
    async with _channel(amqp) as channel:
        await channel.set_qos(prefetch_count=_WINDOW)
        queue = await channel.get_queue(name, ensure=False)
        async with asyncio.timeout(60), queue.iterator() as incoming:
            async for message in incoming:
                taken.append(_publication(message))
                if len(taken) % 100 == 0 or len(taken) == count:
                    await message.ack(multiple=True)
                if len(taken) == count:
                    break
    return taken


def _publication(message: aio_pika.abc.AbstractIncomingMessage) -> Publication:
    return Publication(
        exchange=message.exchange or "",
        routing_key=message.routing_key or "",
        message_id=message.message_id or "",
        body=message.body,
        content_type=message.content_type or "",
        type=message.type,
        headers={name: str(value) for name, value in message.headers.items()},
    )


@asynccontextmanager
async def _channel(amqp: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    async with await aio_pika.connect(amqp) as connection:
        yield await connection.channel()
