"""The way in from the broker's socket: deliveries to their taker, the rest to aiormq.

aiormq turns each delivery into three frame objects, three queue passes, a task and a callback:
more than half of what the intake of a message costs. Here the frames of a delivery are taken
apart where they arrive; aiormq sees everything else, as if there were no deliveries. (AMQP
0-9-1, sections 2.3.5 for frames and 4.2.6 for content.)
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, cast

from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory

from worker.rabbitmq.properties import decoded

if TYPE_CHECKING:
    from pamqp.commands import Basic
    from yarl import URL

    from worker.rabbitmq.gate import Gate

_CHUNK: Final = 64 * 1024
_HEAD: Final = Struct(">BHI")  # type, channel, size of the payload
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER: Final = b"\x00\x3c\x00\x3c"  # class basic, method deliver
# aiormq counts a connection without frames as dead; while deliveries flow it gets none.
_HEARTBEAT: Final = b"\x08\x00\x00\x00\x00\x00\x00\xce"
_HEARTBEAT_SECONDS: Final = 10.0


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


@dataclass(slots=True)
class _Coming:
    """A delivery of which not every frame has arrived."""

    queue: str
    tag: int
    again: bool
    properties: Basic.Properties | None = None
    missing: int = 0
    pieces: list[bytes] = field(default_factory=list)


class GatedReader:
    """What aiormq uses of a StreamReader: it reads frame by frame, each in three reads."""

    def __init__(self, reader: asyncio.StreamReader, gate: Gate) -> None:
        self._reader = reader
        self._gate = gate
        self._chunk = b""
        self._place = 0
        self._step = 0
        self._coming: dict[int, _Coming] = {}
        self._passed_on = time.monotonic()

    def at_eof(self) -> bool:
        """Whether the broker closed and everything was read."""
        return self._place >= len(self._chunk) and self._reader.at_eof()

    async def read(self, size: int = -1) -> bytes:
        """Read what is there, or up to `size` bytes."""
        if self._place < len(self._chunk):
            rest, self._chunk, self._place = self._chunk[self._place :], b"", 0
            return rest
        return await self._reader.read(size)

    async def readexactly(self, size: int) -> bytes:
        """Read `size` bytes of a frame that is no delivery's.

        Raises IncompleteReadError if the broker closes before.
        """
        if self._step == 0:
            await self._take_deliveries()
            self._passed_on = time.monotonic()
        self._step = (self._step + 1) % 3
        await self._have(size)
        start, self._place = self._place, self._place + size
        return self._chunk[start : self._place]

    async def _take_deliveries(self) -> None:
        """Take all frames of deliveries that come next; stops before any other frame."""
        while True:
            await self._have(_HEAD.size)
            kind, channel, size = _HEAD.unpack_from(self._chunk, self._place)
            taker = self._gate.takers.get(channel)
            if taker is None or kind not in {_METHOD, _HEADER, _BODY}:
                return
            await self._have(_HEAD.size + size + 1)
            start = self._place + _HEAD.size
            if not self._took(kind, channel, self._chunk[start : start + size]):
                return
            self._place = start + size + 1
            if time.monotonic() - self._passed_on > _HEARTBEAT_SECONDS:
                self._chunk, self._place = _HEARTBEAT + self._chunk[self._place :], 0
                return

    def _took(self, kind: int, channel: int, payload: bytes) -> bool:
        """Whether the frame belongs to a delivery; if it is the last one, hand that over."""
        coming = self._coming.get(channel)
        if coming is None:
            if kind != _METHOD or not payload.startswith(_DELIVER):
                return False
            self._coming[channel] = _begun(payload)
            return True
        if kind == _HEADER:
            coming.missing = int.from_bytes(payload[4:12])
            coming.properties = decoded(payload)
        elif kind == _BODY:
            coming.pieces.append(payload)
            coming.missing -= len(payload)
        else:
            return False
        if coming.missing == 0 and coming.properties is not None:
            del self._coming[channel]
            self._gate.takers[channel].deliver(
                coming.queue,
                coming.tag,
                coming.properties,
                b"".join(coming.pieces),
                again=coming.again,
            )
        return True

    async def _have(self, size: int) -> None:
        """Read until `size` bytes are at hand from the current place on."""
        while len(self._chunk) - self._place < size:
            if self._gate.shut:
                await self._gate.passable()
            rest = self._chunk[self._place :]
            more = await self._reader.read(max(_CHUNK, size - len(rest)))
            if not more:
                raise asyncio.IncompleteReadError(rest, size)
            self._chunk, self._place = rest + more, 0


def _begun(payload: bytes) -> _Coming:
    """basic.deliver: the consumer's tag, which is the queue's name, delivery tag, redelivered."""
    end = 5 + payload[4]
    return _Coming(
        queue=payload[5:end].decode(),
        tag=int.from_bytes(payload[end : end + 8]),
        again=bool(payload[end + 8] & 1),
    )
