"""Publications out, each confirmed by the broker or reported as not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiormq.exceptions import DeliveryError
from pamqp.commands import Basic

from worker.rabbitmq.connection import channel as open_channel
from worker.rabbitmq.connection import translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    import aio_pika
    from aiormq.channel import Channel

# A silence is *unknown*, not failed: the message may still arrive, so whoever publishes again
# uses the same message id.
_CONFIRM_SECONDS = 30


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
    """A channel in confirm mode."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def publish(self, publications: Sequence[Publication]) -> list[bool]:
        """Publish all with one window of confirms; whether each was confirmed, in order.

        Every message is mandatory: one that no queue takes was not confirmed. Raises Outage
        if the broker or the channel goes away.
        """
        with translated():
            async with asyncio.timeout(_CONFIRM_SECONDS):
                return await asyncio.gather(*map(self._publish, publications))

    async def _publish(self, publication: Publication) -> bool:
        properties = Basic.Properties(
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
        try:
            await self._channel.basic_publish(
                publication.body,
                exchange=publication.exchange,
                routing_key=publication.routing_key,
                properties=properties,
                mandatory=publication.mandatory,
                wait=False,
            )
        except DeliveryError:
            return False
        return True


@asynccontextmanager
async def publishing(connection: aio_pika.Connection) -> AsyncIterator[Publisher]:
    """A publisher on a channel of its own."""
    yield Publisher(await open_channel(connection, confirms=True))
