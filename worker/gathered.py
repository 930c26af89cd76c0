"""Many small pieces of work as few: what is ready at the same time is dealt with together."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from worker.concurrency import Deadline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

Item = TypeVar("Item")


class Gathered(Generic[Item]):
    """Items of several workers, dealt with in groups, one group at a time.

    A group waits for everybody who began after the one before it, but no longer than `linger`
    seconds, and for nobody twice: who takes long holds up others once. With nobody else at work
    it waits for nothing.
    """

    def __init__(self, linger: float) -> None:
        self.linger = linger
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._group = 0
        self._coming = 0
        self._stirred = asyncio.Event()

    def begin(self) -> int:
        """Somebody is at work on an item; gives what to submit it with."""
        self._coming += 1
        return self._group

    def submit(self, item: Item, begun: int | None) -> asyncio.Future[None]:
        """What is done when `item` has been dealt with; `begun` is None where nobody waited."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if begun == self._group:
            self._coming -= 1
        self._stirred.set()
        return done

    async def run(self, deal: Callable[[Sequence[Item]], Awaitable[None]]) -> None:
        """Deal with one group after another, until cancelled; raises what `deal` raises.

        Then whoever waits goes on waiting.
        """
        while True:
            await self._complete()
            group, self._waiting = self._waiting, []
            self._group += 1
            self._coming = 0
            await deal([item for item, _ in group])
            for _, done in group:
                if not done.done():
                    done.set_result(None)

    async def _complete(self) -> None:
        while not self._waiting:
            await self._stir()
        # Those of the group before begin again in this very turn of the loop.
        await asyncio.sleep(0)
        with suppress(TimeoutError):
            async with Deadline(self.linger):
                while self._coming > 0:
                    await self._stir()

    async def _stir(self) -> None:
        self._stirred.clear()
        await self._stirred.wait()
