"""What a broker lacks of the topology."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity

from worker.errors import Outage
from worker.rabbitmq import topology
from worker.rabbitmq.connection import answered, channel, connected

if TYPE_CHECKING:
    from worker.rabbitmq.connection import Connection
    from worker.rabbitmq.tls import Address


_ASK = "put an administrator's URL in KLANTCONTACT_AMQP_URL for this command"


async def missing(at: Address | str) -> list[str]:
    """Names of exchanges and queues that aren't there; raises Outage.

    From RabbitMQ 4.2.6 on a passive declaration needs a permission on what it names, which the
    worker's user has for some of it only: ask as an administrator there.
    """
    wanted = topology.definitions()
    async with connected(at, "klantcontact topology check") as connection:
        lacking = [
            f"exchange {each['name']}"
            for each in wanted["exchanges"]
            if not await _exists(connection, exchange=each["name"])
        ]
        lacking += [
            f"queue {each['name']}"
            for each in wanted["queues"]
            if not await _exists(connection, queue=each["name"])
        ]
    return lacking


async def _exists(
    connection: Connection, *, exchange: str | None = None, queue: str | None = None
) -> bool:
    """Ask on a channel of its own, which a no closes; the others go with the connection."""
    opened = await channel(connection, confirms=False)
    async with answered(connection.gate):
        try:
            if exchange is not None:
                await opened.exchange_declare(exchange=exchange, passive=True)
            if queue is not None:
                await opened.queue_declare(queue=queue, passive=True)
        except ChannelNotFoundEntity:
            return False
        except ChannelAccessRefused:
            named = f"exchange {exchange}" if exchange is not None else f"queue {queue}"
            msg = f"RabbitMQ doesn't tell this user whether {named} is there; {_ASK}"
            raise Outage(msg) from None
    return True
