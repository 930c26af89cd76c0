"""Whether a broker is there and has what an administrator sets up on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aio_pika
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

if TYPE_CHECKING:
    from collections.abc import Iterable

PROBE_TIMEOUT = 5.0


class BrokerUnreachableError(Exception):
    """Nobody can log in there, or not with that name and password."""


async def log_in(amqp: str) -> None:
    """Open a connection as the user in `amqp` and close it. Raises BrokerUnreachableError."""
    await missing_queues(amqp, ())


async def missing_queues(amqp: str, queues: Iterable[str]) -> list[str]:
    """Those of `queues` that the broker doesn't have, in the order given.

    From RabbitMQ 4.2.6 on the user in `amqp` needs `configure` on them, so ask as an
    administrator. Raises BrokerUnreachableError.
    """
    try:
        async with await aio_pika.connect(amqp, timeout=PROBE_TIMEOUT) as connection:
            return [name for name in queues if not await _has(connection, name)]
    except (AMQPError, OSError, TimeoutError) as error:
        raise BrokerUnreachableError(str(error) or type(error).__name__) from error


async def _has(connection: aio_pika.abc.AbstractConnection, name: str) -> bool:
    # A channel each: the broker closes the one on which the answer is no.
    channel = await connection.channel()
    try:
        await channel.declare_queue(name, passive=True)
    except ChannelNotFoundEntity:
        return False
    await channel.close()
    return True
