"""A message that the broker cannot deliver, on any of the queues of klantcontacten."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import aio_pika
import asyncpg

from tests.bench import database
from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.outages import BROKER
from tests.faults.world import Unavailable
from tests.waiting import until
from worker.rabbitmq.topology import KANALEN, REGISTRATIE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.world import World

_CODE: Final = """
    select code = 'broker-onleverbaar' from klantcontact.dead_letter where bericht_id = $1
"""
_FIRST_WITH_AMQP10: Final = 4


@asynccontextmanager
async def undeliverable(world: World) -> AsyncIterator[None]:
    """One comes; at the end it is put away, as RabbitMQ 4 allows without a plugin.

    It has no user id, so that it is no message of anybody's.
    """
    mark = f"onbestelbaar-{uuid4().hex}"
    kanaal = world.chance.choice(sorted(KANALEN))
    async with await aio_pika.connect(world.state.users[kanaal], timeout=10) as connection:
        assert connection.transport is not None
        version = connection.transport.connection.server_properties["version"]
        if int(str(version).partition(".")[0]) < _FIRST_WITH_AMQP10:
            raise Unavailable("RabbitMQ 3 has AMQP 1.0 in a plugin alone")
        world.failing.marks.add(mark.encode())
        channel = await connection.channel()
        exchange = await channel.get_exchange(REGISTRATIE, ensure=False)
        await exchange.publish(aio_pika.Message(b"{}", message_id=mark), kanaal, timeout=10)
    try:
        yield
        await until(lambda: _put_away(world, mark), f"{mark} is put away")
    finally:
        world.failing.marks.discard(mark.encode())


async def _put_away(world: World, mark: str) -> bool:
    # Another fault may keep the database away meanwhile.
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with database.connection(world.database) as connection:
            return bool(await connection.fetchval(_CODE, mark))
    return False


FAULTS: Final = (Named("undeliverable", undeliverable, BROKER),)
