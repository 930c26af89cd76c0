"""What a wire does to everything that goes over it, at one moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRICKLED_SECONDS: Final = 0.05


class Weather:
    """The state that all connections of a wire share. Well until something is said."""

    def __init__(self) -> None:
        self.flowing = asyncio.Event()
        """Not set: bytes are held, and come late."""
        self.mended = asyncio.Event()
        """Not set: nobody hears of the end of a connection that was lost."""
        self.latency = 0.0
        """Seconds before each chunk goes on; those of one connection go one after another."""
        self.rate: float | None = None
        """Bytes a second for each direction of each connection."""
        self.clear()

    def clear(self) -> None:
        """Let everything go as it should."""
        self.flowing.set()
        self.mended.set()
        self.latency, self.rate = 0.0, None

    async def passable(self) -> None:
        """Return when the next chunk may go on."""
        if self.latency:
            await asyncio.sleep(self.latency)
        await self.flowing.wait()

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The chunk as it is to be written; `pause` between two."""
        while self.rate is not None and len(chunk) > (size := self._piece(self.rate)):
            yield chunk[:size]
            chunk = chunk[size:]
        yield chunk

    async def pause(self, piece: bytes) -> None:
        """Wait for as long as this piece takes."""
        if self.rate is not None:
            await asyncio.sleep(len(piece) / self.rate)
            await self.flowing.wait()

    @staticmethod
    def _piece(rate: float) -> int:
        return max(1, int(rate * _TRICKLED_SECONDS))
