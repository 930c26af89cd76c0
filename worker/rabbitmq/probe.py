"""Whether a broker is there and has what an administrator sets up on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aio_pika
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aio_pika.abc import AbstractConnection

PROBE_TIMEOUT: Final = 15.0
"""Seconds to connect in."""


class BrokerUnreachableError(Exception):
    """Nobody can log in there, or not with that name and password."""


async def log_in(amqp: str) -> None:
    """Open a connection as the user in `amqp` and close it. Raises BrokerUnreachableError."""
    await missing_queues(amqp, ())


async def missing_queues(amqp: str, queues: Iterable[str]) -> list[str]:
    """Those of `queues` that the broker doesn't have, in the order given.

    From RabbitMQ 4.2.6 on the user in `amqp` needs a permission on them, so ask as an
    administrator. Raises BrokerUnreachableError.
    """
    try:
        async with await aio_pika.connect(amqp, timeout=PROBE_TIMEOUT) as connection:
            return await _missing(connection, queues)
    except (AMQPError, OSError, TimeoutError) as error:
        raise BrokerUnreachableError(str(error) or type(error).__name__) from error


async def _missing(connection: AbstractConnection, queues: Iterable[str]) -> list[str]:
    # No channel is closed by hand: in aiormq 7.2 that now and then raises CancelledError.
    missing = []
    channel = await connection.channel()
    for name in queues:
        try:
            await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            missing.append(name)
            # The broker closed the channel on which the answer was no.
            channel = await connection.channel()
    return missing
