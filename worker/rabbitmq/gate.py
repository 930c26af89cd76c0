"""Back-pressure by bytes: a worker that has enough in hand stops reading from the broker.

A prefetch bounds the number of deliveries, not their size: a few hundred of the largest
message allowed would not fit a worker's memory, and a prefetch that fits them would starve it
of small ones. So the prefetch is generous and the bytes are counted: while they are over the
limit nothing is read, TCP tells the broker to wait, and acknowledgements still go out.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

UNLIMITED: Final = 2**62


class Taker(Protocol):
    """Who takes frames of one channel."""

    def take(self, kind: int, payload: bytes) -> bool:
        """Take one frame, or leave it to aiormq: then it is False."""


class Gate:
    """The way in of one connection: counts the bytes in hand, and is shut from `limit` on."""

    def __init__(self, limit: int = UNLIMITED) -> None:
        self.takers: dict[int, Taker] = {}
        """By the number of the channel."""
        self.limit = limit
        self._held = 0
        self._shut_until = float("-inf")
        self._passable = asyncio.Event()
        self._passable.set()

    def hold(self, size: int) -> None:
        """Count `size` bytes as in hand."""
        self._held += size
        if self._held >= self.limit:
            self._passable.clear()

    def release(self, size: int) -> None:
        """Count `size` bytes as dealt with."""
        self._held -= size
        if self._held < self.limit:
            self._let_through()

    def open(self) -> None:
        """Let everything through from now on, as the closing of a connection needs."""
        self.limit = UNLIMITED
        self._let_through()

    def _let_through(self) -> None:
        if self.shut:
            self._shut_until = time.monotonic()
        self._passable.set()

    @property
    def shut(self) -> bool:
        """Whether nothing may be read at the moment."""
        return not self._passable.is_set()

    @property
    def shut_until(self) -> float:
        """When nothing was read for the last time, by `time.monotonic`; now while it is shut."""
        return time.monotonic() if self.shut else self._shut_until

    async def passable(self) -> None:
        """Wait until reading is allowed."""
        await self._passable.wait()
