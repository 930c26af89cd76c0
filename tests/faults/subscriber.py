"""Somebody who listens to every event, and to the replies of all kanalen, on queues that last."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aio_pika
from aio_pika.exceptions import AMQPError

from worker.rabbitmq.topology import GEBEURTENIS, KANALEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pamqp.common import FieldTable

EVENTS: Final = "abonnee.faults"
_PAUSE_SECONDS: Final = 0.3
_SECONDS: Final = 10.0
_HEARTBEAT_SECONDS: Final = 4
_PREFETCH: Final = 200
_FAILURES: Final = (OSError, AMQPError, TimeoutError, asyncio.InvalidStateError, RuntimeError)
_QUORUM: Final[FieldTable] = {"x-queue-type": "quorum"}


def reply_queue(kanaal: str) -> str:
    """A queue of the applicatie's own."""
    return f"antwoord.{kanaal}.faults"


QUEUES: Final = (EVENTS, *map(reply_queue, KANALEN))


@dataclass(slots=True)
class Told:
    """One event or reply, by its id."""

    type: str
    queue: str
    key: tuple[str, str] | None
    """The message that it is about, where it is about one."""
    subject: str
    code: str | None = None
    times: int = 0
    """How often it was published, as far as its receiver can tell."""


@dataclass
class Subscriber:
    """What was heard, by queue and id; nothing of it is looked at before the end."""

    admin: str
    heard: dict[tuple[str, str], Told] = field(default_factory=dict)

    async def listen(self) -> None:
        """For ever, over one connection after the other."""
        while True:
            with suppress(*_FAILURES):
                url = f"{self.admin}?heartbeat={_HEARTBEAT_SECONDS}"
                async with await aio_pika.connect(url, timeout=_SECONDS) as connection:
                    await self._consume(connection)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def declare(self) -> None:
        """Make the queues, so that nothing is told to nobody."""
        async with await aio_pika.connect(self.admin, timeout=_SECONDS) as connection:
            channel = await connection.channel()
            for name in QUEUES:
                await channel.declare_queue(name, durable=True, arguments=_QUORUM)
            events = await channel.get_queue(EVENTS, ensure=False)
            await events.bind(GEBEURTENIS, "#")

    async def _consume(self, connection: aio_pika.abc.AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_PREFETCH)
        ended = asyncio.Event()
        connection.close_callbacks.add(lambda *_: ended.set())
        channel.close_callbacks.add(lambda *_: ended.set())
        for name in QUEUES:
            queue = await channel.get_queue(name, ensure=False)
            await queue.consume(self._hear)
        await ended.wait()

    async def _hear(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        queue = message.routing_key if message.exchange == "" else EVENTS
        self.hear(queue or EVENTS, message.body, again=bool(message.redelivered))
        with suppress(*_FAILURES):
            await message.ack()

    def hear(self, queue: str, body: bytes, *, again: bool) -> None:
        """Keep it; what the broker delivers again to us was told once only."""
        said: dict[str, Any] = json.loads(body)
        told = self.heard.setdefault((queue, said["id"]), _told(queue, said))
        if not (again and told.times):
            told.times += 1


def _told(queue: str, said: dict[str, Any]) -> Told:
    data = said.get("data", {})
    about = data.get("bericht") or {}
    named = about.get("applicatie"), about.get("id")
    problem = data.get("probleem") or {}
    return Told(
        said["type"].rpartition(".")[2],
        queue,
        (str(named[0]), str(named[1])) if all(named) else None,
        str(said["subject"]),
        problem.get("type", "").rpartition(":")[2] or None,
    )


@asynccontextmanager
async def subscribed(admin: str) -> AsyncIterator[Subscriber]:
    """Listening until the end of the block."""
    subscriber = Subscriber(admin)
    await subscriber.declare()
    task = asyncio.create_task(subscriber.listen())
    try:
        yield subscriber
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
