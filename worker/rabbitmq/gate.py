"""Back-pressure by bytes: a worker that has enough in hand stops reading from the broker.

A prefetch bounds the number of deliveries, not their size: a few hundred of the largest
message allowed would not fit a worker's memory, and a prefetch that fits them would starve it
of small ones. So the prefetch is generous and the bytes are counted: while they are over the
limit nothing is read, TCP tells the broker to wait, and acknowledgements still go out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory

if TYPE_CHECKING:
    from yarl import URL

_CHUNK = 64 * 1024


class Gate:
    """Counts the bytes in hand; shut from `limit` on."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._passable = asyncio.Event()
        self._passable.set()

    def hold(self, size: int) -> None:
        """Count `size` bytes as in hand."""
        self._held += size
        if self._held >= self._limit:
            self._passable.clear()

    def release(self, size: int) -> None:
        """Count `size` bytes as dealt with."""
        self._held -= size
        if self._held < self._limit:
            self._passable.set()

    def open(self) -> None:
        """Let everything through from now on, as the closing of a connection needs."""
        self._limit = 2**62
        self._passable.set()

    @property
    def shut(self) -> bool:
        """Whether nothing may be read at the moment."""
        return not self._passable.is_set()

    async def passable(self) -> None:
        """Wait until reading is allowed."""
        await self._passable.wait()


class GatedTransport(TransportFactory):
    """aiormq's own transports, with a reader that asks the gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def create(
        self,
        url: URL,
        **kwargs: Any,  # noqa: ANN401 (the base class's signature)
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as aiormq would."""
        factory = TLSTransportFactory() if url.scheme == "amqps" else TCPTransportFactory()
        reader, writer = await factory.create(url, **kwargs)
        return cast("asyncio.StreamReader", GatedReader(reader, self._gate)), writer


class GatedReader:
    """What aiormq uses of a StreamReader, from a buffer of its own.

    A frame takes three short reads, a message three frames: served from one chunk they cost
    a slice each.
    """

    def __init__(self, reader: asyncio.StreamReader, gate: Gate) -> None:
        self._reader = reader
        self._gate = gate
        self._chunk = b""
        self._place = 0

    def at_eof(self) -> bool:
        """Whether the broker closed and everything was read."""
        return self._place >= len(self._chunk) and self._reader.at_eof()

    async def read(self, size: int = -1) -> bytes:
        """Read what is there, or up to `size` bytes."""
        if self._place < len(self._chunk):
            rest, self._chunk = self._chunk[self._place :], b""
            self._place = 0
            return rest
        return await self._reader.read(size)

    async def readexactly(self, size: int) -> bytes:
        """Read `size` bytes; raises IncompleteReadError if the broker closes before."""
        end = self._place + size
        if end <= len(self._chunk):
            piece = self._chunk[self._place : end]
            self._place = end
            return piece
        return await self._refill(size)

    async def _refill(self, size: int) -> bytes:
        if self._gate.shut:
            await self._gate.passable()
        rest = self._chunk[self._place :]
        self._chunk, self._place = b"", 0
        missing = size - len(rest)
        if missing > _CHUNK:
            return rest + await self._reader.readexactly(missing)
        while len(rest) < size:
            more = await self._reader.read(_CHUNK)
            if not more:
                raise asyncio.IncompleteReadError(rest, size)
            rest += more
        self._chunk, self._place = rest, size
        return rest[:size]
