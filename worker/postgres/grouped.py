"""Many small writes as few: whoever comes while a statement runs goes into the next one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

Item = TypeVar("Item")
Reply = TypeVar("Reply")


class Grouped(Generic[Item, Reply]):
    """Runs `flush` for all items that wait, one run at a time.

    `flush` takes the items and returns a reply for each, in order. If it raises, everybody
    whose item was in it gets the error. Nothing waits longer than for the run before its own.
    """

    def __init__(self, flush: Callable[[Sequence[Item]], Awaitable[Sequence[Reply]]]) -> None:
        self._flush = flush
        self._waiting: list[tuple[Item, asyncio.Future[Reply]]] = []
        self._running = asyncio.Lock()

    async def submit(self, item: Item) -> Reply:
        """Have `item` flushed, together with others if there are any."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, reply))
        async with self._running:
            if not reply.done():
                await self._run()
        return await reply

    async def _run(self) -> None:
        group, self._waiting = self._waiting, []
        try:
            replies = await self._flush([item for item, _ in group])
        except asyncio.CancelledError:
            for _, reply in group:
                reply.cancel()
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, everybody who waits is told)
            for _, reply in group:
                if not reply.done():
                    reply.set_exception(error)
            return
        for (_, reply), answer in zip(group, replies, strict=True):
            if not reply.done():
                reply.set_result(answer)
