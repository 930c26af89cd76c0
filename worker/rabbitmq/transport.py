"""The way in from the broker's socket: deliveries and confirms to their taker, the rest to aiormq.

aiormq turns each delivery into three frame objects, three queue passes, a task and a callback:
more than half of what the intake of a message costs. Here the frames that somebody takes are
taken apart where they arrive; aiormq sees everything else, as if there were nothing more. (AMQP
0-9-1, section 2.3.5.)
"""

from __future__ import annotations

import asyncio
import time
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, cast

from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory

from worker.concurrency import Deadline

if TYPE_CHECKING:
    from yarl import URL

    from worker.rabbitmq.gate import Gate

METHOD: Final = 1
HEADER: Final = 2
BODY: Final = 3
_CHUNK: Final = 64 * 1024
_HEAD: Final = Struct(">BHI")  # type, channel, size of the payload
# aiormq counts a connection without frames as dead; while others take them it gets none.
_HEARTBEAT: Final = b"\x08\x00\x00\x00\x00\x00\x00\xce"
_HEARTBEAT_SECONDS: Final = 3.0


class GatedTransport(TransportFactory):
    """aiormq's own transports to one address, with a reader that asks the gate."""

    def __init__(self, ip: str, gate: Gate, silence: float) -> None:
        self._ip = ip
        self._gate = gate
        self._silence = silence

    async def create(
        self,
        url: URL,
        **kwargs: Any,  # noqa: ANN401 (the base class's signature)
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as aiormq would; the name in `url` is what TLS verifies."""
        factory: TransportFactory = TCPTransportFactory()
        if url.scheme == "amqps":
            factory, kwargs = TLSTransportFactory(), {**kwargs, "server_hostname": url.host}
        reader, writer = await factory.create(url.with_host(self._ip), **kwargs)
        return cast("asyncio.StreamReader", GatedReader(reader, self._gate, self._silence)), writer


class GatedReader:
    """What aiormq uses of a StreamReader: it reads frame by frame, each in three reads.

    `silence` is how many seconds the broker may say nothing: with heartbeats it never does.
    """

    def __init__(self, reader: asyncio.StreamReader, gate: Gate, silence: float) -> None:
        self._reader = reader
        self._gate = gate
        self._silence = silence
        self._chunk = b""
        self._place = 0
        self._step = 0
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
        """Read `size` bytes of a frame that nobody took.

        Raises IncompleteReadError if the broker closes before.
        """
        if self._step == 0:
            await self._hand_out()
            self._passed_on = time.monotonic()
        self._step = (self._step + 1) % 3
        await self._have(size)
        start, self._place = self._place, self._place + size
        return self._chunk[start : self._place]

    async def _hand_out(self) -> None:
        """Hand all frames that come next to their takers; stops before what they leave."""
        while True:
            await self._have(_HEAD.size)
            kind, channel, size = _HEAD.unpack_from(self._chunk, self._place)
            taker = self._gate.takers.get(channel)
            if taker is None or kind not in {METHOD, HEADER, BODY}:
                return
            await self._have(_HEAD.size + size + 1)
            start = self._place + _HEAD.size
            if not taker.take(kind, self._chunk[start : start + size]):
                return
            self._place = start + size + 1
            if time.monotonic() - self._passed_on > _HEARTBEAT_SECONDS:
                self._chunk, self._place = _HEARTBEAT + self._chunk[self._place :], 0
                return

    async def _have(self, size: int) -> None:
        """Read until `size` bytes are at hand from the current place on."""
        while len(self._chunk) - self._place < size:
            if self._gate.shut:
                await self._gate.passable()
            rest = self._chunk[self._place :]
            more = await self._read(max(_CHUNK, size - len(rest)))
            if not more:
                raise asyncio.IncompleteReadError(rest, size)
            self._chunk, self._place = rest + more, 0

    async def _read(self, most: int) -> bytes:
        """Read what is there; raises ConnectionResetError if the broker says nothing for long.

        aiormq would wait for three of its own timeouts, and a connection that a firewall forgot
        is closed by nobody.
        """
        try:
            async with Deadline(self._silence):
                return await self._reader.read(most)
        except TimeoutError:
            msg = f"nothing came for {self._silence:g} s"
            raise ConnectionResetError(msg) from None
