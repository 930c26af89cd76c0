"""The way of bytes from the broker's socket to aiormq: held back by the gate, and decodable.

A publisher can set properties that the AMQP decoder cannot take: a timestamp beyond the year
9999, headers nested a thousand deep, text that is not UTF-8. The decoder's error would end the
connection, the message would come again to the next one, and no other would get through. Such
properties are blanked here, and the message becomes a dead letter like any that cannot be read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from pamqp.header import ContentHeader

if TYPE_CHECKING:
    from yarl import URL

    from worker.rabbitmq.gate import Gate

_CHUNK = 64 * 1024
_CONTENT = 2
_HEADER_FRAME = b"\x02"
# Class, weight and body size stand before the flags of the properties (AMQP 0-9-1, 4.2.6.1).
_FLAGS = slice(12, 14)
_HEADERS_OR_TIMESTAMP = 0x2040
_DEEPEST = 32


def decodable(content: bytes) -> bytes:
    """The content of a header frame, its end octet included; without properties if it must."""
    flags = int.from_bytes(content[_FLAGS])
    if content[:-1].isascii() and not flags & _HEADERS_OR_TIMESTAMP:
        return content
    header = ContentHeader()
    try:
        header.unmarshal(content[:-1])
    except Exception:  # noqa: BLE001 (whatever the decoder raises would end the connection)
        return _bare(content)
    return _bare(content) if _deep(header.properties.headers) else content


def _bare(content: bytes) -> bytes:
    return content[:12] + bytes(len(content) - 13) + content[-1:]


def _deep(value: object) -> bool:
    """Whether headers are nested deeper than can be relied on further down."""
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        nested: list[object] = []
        for each in level:
            if isinstance(each, dict):
                nested.extend(each.values())
            elif isinstance(each, list):
                nested.extend(each)
        if not nested:
            return False
        level = nested
    return True


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

    A frame takes three short reads (its type, its size, its content), a message three frames:
    served from one chunk they cost a slice each. Reading starts between two frames and stays
    in step, so the third read is known to be the content of a frame of a known type.
    """

    def __init__(self, reader: asyncio.StreamReader, gate: Gate) -> None:
        self._reader = reader
        self._gate = gate
        self._chunk = b""
        self._place = 0
        self._step = 0
        self._kind = b""

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
        else:
            piece = await self._refill(size)
        step, self._step = self._step, (self._step + 1) % 3
        if step == 0:
            self._kind = piece
        elif step == _CONTENT and self._kind == _HEADER_FRAME:
            return decodable(piece)
        return piece

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
