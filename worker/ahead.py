"""What was fetched ahead of those who work on it, so that nobody waits for a fetch."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """Items that wait for somebody; there is room for more when no more than `few` are left.

    Bounded by whoever fetches: one fetch at a time, so never more than `few` and a fetch.
    """

    def __init__(self, few: int) -> None:
        self._few = few
        self._waiting: deque[Item] = deque()
        self._more = asyncio.Event()
        self._low = asyncio.Event()
        self._low.set()
        self._stopped = False

    async def room(self) -> bool:
        """Wait until it is time to fetch; False when nothing more is wanted."""
        await self._low.wait()
        return not self._stopped

    def add(self, items: Iterable[Item]) -> None:
        """Put what was fetched behind what waits."""
        self._waiting.extend(items)
        if self._waiting:
            self._more.set()
        if len(self._waiting) > self._few and not self._stopped:
            self._low.clear()

    async def next(self) -> Item | None:
        """Wait for an item; None once stopped, whatever is left."""
        while not (self._waiting or self._stopped):
            self._more.clear()
            await self._more.wait()
        if self._stopped:
            return None
        item = self._waiting.popleft()
        if len(self._waiting) <= self._few:
            self._low.set()
        return item

    def stop(self) -> None:
        """Hand out nothing more, and want nothing more."""
        self._stopped = True
        self._more.set()
        self._low.set()

    def left(self) -> list[Item]:
        """What nobody took."""
        return list(self._waiting)
