"""Systems outside, as they should be: a message is theirs until the broker has confirmed it.

Foreign to the program: aio-pika by itself, one connection for each user of the broker.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aio_pika
from aio_pika.exceptions import AMQPError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from tests.faults.ledger import Key, Ledger

_SECONDS: Final = 6.0
_CLOSE_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.3
_AT_ONCE: Final = 16
_WAITING: Final = 50
_HEARTBEAT_SECONDS: Final = 2
# aiormq raises RuntimeError on a channel that is gone.
_FAILURES: Final = (OSError, AMQPError, TimeoutError, asyncio.InvalidStateError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way: whose it is, where it goes, and what it is at each sending."""

    key: Key
    exchange: str
    routing_key: str
    message: Callable[[], aio_pika.Message]


@dataclass
class Sender:
    """One user of the broker."""

    url: str
    ledger: Ledger
    waiting: asyncio.Queue[Letter] = field(default_factory=lambda: asyncio.Queue(_WAITING))
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _open: tuple[Any, aio_pika.abc.AbstractChannel] | None = None

    async def work(self) -> None:
        """Send whatever waits, for ever; many do so at once."""
        while True:
            letter = await self.waiting.get()
            await self.send(letter)
            self.waiting.task_done()

    async def send(self, letter: Letter) -> None:
        """The same message again and again until it is confirmed."""
        message = letter.message()
        while True:
            if await self._sent(letter, message):
                self.ledger.confirmed(letter.key)
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _sent(self, letter: Letter, message: aio_pika.Message) -> bool:
        opened = None
        try:
            async with asyncio.timeout(_SECONDS):
                opened = await self._channel()
                await self._publish(opened, letter, message)
        except _FAILURES:
            await self._give_up(opened)
            return False
        except asyncio.CancelledError:
            # aiormq cancels whoever waits for an answer when the connection ends.
            if _wanted():
                raise
            await self._give_up(opened)
            return False
        return True

    async def _publish(
        self, channel: aio_pika.abc.AbstractChannel, letter: Letter, message: aio_pika.Message
    ) -> None:
        exchange = await channel.get_exchange(letter.exchange, ensure=False)
        self.ledger.published(letter.key)
        try:
            await exchange.publish(message, letter.routing_key)
        except BaseException:
            self.ledger.unconfirmed(letter.key)
            raise

    async def _channel(self) -> aio_pika.abc.AbstractChannel:
        async with self._lock:
            if self._open is None:
                url = f"{self.url}?heartbeat={_HEARTBEAT_SECONDS}"
                connection = await aio_pika.connect(url, timeout=_SECONDS / 2)
                try:
                    channel = await connection.channel(on_return_raises=True)
                except BaseException:
                    await _closed(connection)
                    raise
                self._open = connection, channel
            return self._open[1]

    async def _give_up(self, channel: aio_pika.abc.AbstractChannel | None) -> None:
        """Close what failed, once."""
        if self._open is None or (channel is not None and self._open[1] is not channel):
            return
        connection, self._open = self._open[0], None
        await _closed(connection)

    async def close(self) -> None:
        """Say goodbye."""
        if self._open is not None:
            await _closed(self._open[0])


async def _closed(connection: aio_pika.abc.AbstractConnection) -> None:
    try:
        with suppress(*_FAILURES):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.close()
    except asyncio.CancelledError:
        if _wanted():
            raise


def _wanted() -> bool:
    """Whether it is our own task that is to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Senders:
    """All users, each with some messages on their way at once and a few that wait."""

    def __init__(self, ledger: Ledger, urls: dict[str, str]) -> None:
        self._of = {user: Sender(url, ledger) for user, url in urls.items()}

    async def put(self, user: str, letter: Letter) -> None:
        """Let it be sent in its turn; waits while too many do."""
        await self._of[user].waiting.put(letter)

    async def send(self, user: str, letter: Letter) -> None:
        """Send it before all that waits; returns when it is confirmed."""
        await self._of[user].send(letter)

    async def emptied(self) -> None:
        """Wait until all is confirmed."""
        for each in self._of.values():
            await each.waiting.join()

    def every(self) -> Iterable[Sender]:
        """One for each user."""
        return self._of.values()

    async def close(self) -> None:
        """Say goodbye."""
        for each in self.every():
            await each.close()


@asynccontextmanager
async def sending(ledger: Ledger, urls: dict[str, str]) -> AsyncIterator[Senders]:
    """Senders by user, until the end of the block."""
    senders = Senders(ledger, urls)
    tasks = [asyncio.create_task(each.work()) for each in senders.every() for _ in range(_AT_ONCE)]
    try:
        yield senders
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await senders.close()
