"""Queues that are deleted or crash, and connections that an administrator closes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import aio_pika

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.outages import BROKER
from tests.faults.catalogue.persistence import persistently
from tests.faults.catalogue.services import rabbitmqctl
from tests.faults.world import Unavailable
from worker.rabbitmq.topology import HERVAT, NOTIFICATIE_EMAIL, definitions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aio_pika.abc import AbstractChannel

    from tests.faults.world import World

_OURS: Final = (HERVAT, NOTIFICATIE_EMAIL)
# Within a tenth of a second a queue's consumers may not hear that it was deleted (3.10.8).
_CANCELLED_SECONDS: Final = 0.5


@asynccontextmanager
async def deleted(world: World, *, name: str) -> AsyncIterator[None]:
    """A queue is gone with all that was in it, its consumers cancelled; made again at the end."""
    try:
        async with _administering(world) as channel:
            await channel.queue_delete(name)
        yield
    finally:
        await persistently(lambda: _make(world, name))


@asynccontextmanager
async def cancelled(world: World) -> AsyncIterator[None]:
    """A moment: consumers are cancelled by the server, and the queue is there again."""
    async with deleted(world, name=world.chance.choice(_OURS)):
        await asyncio.sleep(_CANCELLED_SECONDS)
    yield


@asynccontextmanager
async def replaced(world: World) -> AsyncIterator[None]:
    """A moment: a queue is deleted and made within milliseconds, as a script does.

    RabbitMQ 3.10 may cancel no consumer then: some go on, some never get anything any more.
    """
    async with deleted(world, name=world.chance.choice(_OURS)):
        pass
    yield


@asynccontextmanager
async def crashed(world: World) -> AsyncIterator[None]:
    """A moment: the process of a quorum queue is killed; the broker starts it again."""
    names = sorted(queue["name"] for queue in definitions()["queues"])
    # The name that the Raft library registers it under: virtual host and queue.
    process = f"'%2F_{world.chance.choice(names)}'"
    said = await rabbitmqctl(world, "eval", f"exit(whereis({process}), kill).")
    if said != "true":
        raise Unavailable(f"RabbitMQ has no process {process}")
    yield


@asynccontextmanager
async def closed(world: World) -> AsyncIterator[None]:
    """A moment: the administrator closes every connection, of publishers too."""
    await rabbitmqctl(world, "close_all_connections", "--vhost", "/", "fault")
    yield


async def _make(world: World, name: str) -> None:
    """As the definitions say."""
    made = definitions()
    (queue,) = (each for each in made["queues"] if each["name"] == name)
    bindings = [each for each in made["bindings"] if each["destination"] == name]
    async with _administering(world) as channel:
        declared = await channel.declare_queue(name, durable=True, arguments=queue["arguments"])
        for each in bindings:
            await declared.bind(each["source"], each["routing_key"])


@asynccontextmanager
async def _administering(world: World) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(world.state.amqp_admin, timeout=10) as connection:
        yield await connection.channel()


FAULTS: Final = (
    Named("hervat-deleted", partial(deleted, name=HERVAT), BROKER),
    Named("notificatie-deleted", partial(deleted, name=NOTIFICATIE_EMAIL), BROKER),
    Named("consumers-cancelled", cancelled, BROKER),
    Named("queue-replaced", replaced, BROKER),
    Named("queue-crashed", crashed, BROKER),
    Named("connections-closed", closed, BROKER),
)
