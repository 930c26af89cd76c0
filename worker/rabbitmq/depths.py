"""How much waits in each queue, and who consumes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity

from worker.rabbitmq import topology
from worker.rabbitmq.connection import answered, channel, connected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.rabbitmq.connection import Connection
    from worker.rabbitmq.tls import Address


@dataclass(frozen=True, slots=True)
class Depth:
    """Of one queue: messages that wait, and consumers. None: the broker doesn't tell this user.

    From RabbitMQ 4.2.6 on it tells only who may configure the queue. `missing`: there is none.
    """

    queue: str
    messages: int | None = None
    consumers: int | None = None
    missing: bool = False


async def depths(at: Address | str) -> Sequence[Depth]:
    """Of every queue of the topology, in its order; raises Outage."""
    async with connected(at, "klantcontact status") as connection:
        return [await _depth(connection, each["name"]) for each in topology.definitions()["queues"]]


async def _depth(connection: Connection, queue: str) -> Depth:
    """On a channel of its own, which a no closes."""
    opened = await channel(connection, confirms=False)
    async with answered(connection.gate):
        try:
            answer = await opened.queue_declare(queue=queue, passive=True)
        except ChannelNotFoundEntity:
            return Depth(queue, missing=True)
        except ChannelAccessRefused:
            return Depth(queue)
    return Depth(queue, answer.message_count, answer.consumer_count)
