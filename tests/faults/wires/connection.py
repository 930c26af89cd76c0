"""One connection through a wire, passed on in both directions as the wire's weather allows."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.faults.wires.boundary import Side
from tests.faults.wires.owner import owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.wires.weather import Weather

    Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
    Look = Callable[["Connection", Side, bytes], int | None]

_CHUNK: Final = 64 * 1024
_OPENING: Final = 4 * 1024
# Closed with what is unsent thrown away: the other end is told of a reset.
_RESET: Final = struct.pack("ii", 1, 0)


class Connection:
    """Bytes go on in order; an end goes on as an end, a reset as a reset.

    Once it is lost nothing goes on any more, and neither end hears of it by our hand: only
    when the client is gone, and the wire well, does the server hear that.
    """

    def __init__(self, client: Stream, server: Stream, weather: Weather, look: Look) -> None:
        self.opening = b""
        """What the client said first."""
        self._lost = asyncio.Event()
        self._streams = {Side.CLIENT: client, Side.SERVER: server}
        self._weather = weather
        self._look = look

    def owner(self) -> int | None:
        """The pid of the client."""
        client = self._streams[Side.CLIENT][1]
        return owner(client.get_extra_info("peername")[1], client.get_extra_info("sockname")[1])

    def lose(self) -> None:
        """Let nothing more go on."""
        self._lost.set()

    async def run(self) -> None:
        """Pass on until both have ended."""
        tasks = [asyncio.create_task(self._pass_on(side)) for side in Side]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            self.reset()

    def reset(self) -> None:
        """Break it at both ends, at once."""
        for _, writer in self._streams.values():
            reset(writer)

    async def _pass_on(self, side: Side) -> None:
        """What `side` says goes to the other."""
        reader = self._streams[side][0]
        writer = self._streams[_OTHER[side]][1]
        try:
            while chunk := await reader.read(_CHUNK):
                await self._carry(side, chunk, writer)
            await self._weather.flowing.wait()
            if not self._lost.is_set():
                writer.write_eof()
        except OSError:
            await self._weather.flowing.wait()
            if not self._lost.is_set():
                self.reset()
        if self._lost.is_set() and side is Side.CLIENT:
            await self._weather.mended.wait()
            self.reset()

    async def _carry(self, side: Side, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        if side is Side.CLIENT and len(self.opening) < _OPENING:
            self.opening += chunk[:_OPENING]
        if self._lost.is_set():
            return
        await self._weather.passable()
        place = self._look(self, side, chunk)
        if place is not None:
            chunk = chunk[:place]
        for piece in self._weather.pieces(chunk):
            # It may be lost while a piece before was on its way.
            if self._lost.is_set() and place is None:
                return
            writer.write(piece)
            await writer.drain()
            await self._weather.pause(piece)


_OTHER: Final = {Side.CLIENT: Side.SERVER, Side.SERVER: Side.CLIENT}


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection so that the other end sees a reset."""
    connected = writer.get_extra_info("socket")
    if connected is not None:
        with suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
