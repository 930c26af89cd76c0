"""Channel systems as they should be: a message is theirs until the broker has confirmed it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aio_pika
from aiormq.exceptions import AMQPError

from tests.bench import broker
from worker.rabbitmq.topology import KANALEN, REGISTRATIE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.bench.material import Message
    from tests.faults.wires.wire import Wire

_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.3
_AHEAD: Final = 500


@dataclass
class Publishers:
    """One for each kanaal, in order, with a ledger of what was confirmed."""

    wire: Wire
    users: Mapping[str, str]
    confirmed: int = 0
    unknown: int = 0
    """How often a confirm did not come, and the same message was published again."""
    _waiting: dict[str, asyncio.Queue[Message]] = field(
        default_factory=lambda: {kanaal: asyncio.Queue(_AHEAD) for kanaal in KANALEN}
    )

    async def put(self, message: Message) -> None:
        """Publish it when it is its turn, as often as it takes."""
        await self._waiting[message.kanaal].put(message)

    async def empty(self) -> None:
        """Wait until all was confirmed."""
        for queue in self._waiting.values():
            await queue.join()

    async def publish(self, kanaal: str) -> None:
        """Publish whatever is put, over one connection after the other."""
        queue = self._waiting[kanaal]
        message: Message | None = None
        while True:
            try:
                connection = await asyncio.wait_for(
                    aio_pika.connect(self.wire.url(self.users[kanaal])), _SECONDS
                )
                async with connection:
                    exchange = await (await connection.channel()).get_exchange(
                        REGISTRATIE, ensure=False
                    )
                    while True:
                        message = message or await queue.get()
                        await _publish(exchange, message)
                        message = None
                        self.confirmed += 1
                        queue.task_done()
            except (OSError, AMQPError, TimeoutError, asyncio.InvalidStateError):
                self.unknown += message is not None
                await asyncio.sleep(_PAUSE_SECONDS)


async def _publish(exchange: aio_pika.abc.AbstractExchange, message: Message) -> None:
    made = broker.registration(message)
    await exchange.publish(
        aio_pika.Message(
            made.body,
            content_type=made.content_type,
            message_id=made.message_id,
            user_id=made.user_id,
            timestamp=made.timestamp,
            headers=dict(made.headers),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        ),
        made.routing_key,
        timeout=_SECONDS,
    )


@asynccontextmanager
async def publishing(wire: Wire, users: Mapping[str, str]) -> AsyncIterator[Publishers]:
    """All of them, until the end of the block."""
    publishers = Publishers(wire, users)
    tasks = [asyncio.create_task(publishers.publish(kanaal)) for kanaal in KANALEN]
    try:
        yield publishers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
