"""A way to a service that can be cut, stalled, lost, slowed and watched: a TCP proxy."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.faults.wires.connection import Connection, reset
from tests.faults.wires.weather import Weather
from worker.stack.ports import LOOPBACK, reserved

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.faults.wires.boundary import Boundary, Side


@dataclass
class Watch:
    """Waits for a moment; when it comes, the client is killed and the moment never goes on."""

    boundary: Boundary
    skipped: int
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    pid: int | None = None
    """Who was killed."""

    def look(self, connection: Connection, side: Side, chunk: bytes) -> int | None:
        """How much of the chunk still goes on, if this is it."""
        if self.struck.is_set() or side is not self.boundary.side:
            return None
        if self.boundary.opening not in connection.opening:
            return None
        for found in self.boundary.said.finditer(chunk):
            if self.skipped:
                self.skipped -= 1
            elif self._strike(connection):
                return found.start()
        return None

    def _strike(self, connection: Connection) -> bool:
        self.pid = connection.owner()
        if self.pid is None or self.pid == os.getpid():
            return False
        connection.lose()
        os.kill(self.pid, signal.SIGKILL)
        self.struck.set()
        return True


class Wire:
    """Passes bytes between `port`, which stays the same, and the service at `host`:`target`."""

    def __init__(self, port: int, host: str, target: int) -> None:
        self.port = port
        self._target = host, target
        self._weather = Weather()
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()
        self._accepted: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watches: list[Watch] = []

    def url(self, direct: str) -> str:
        """The URL of the service by way of this."""
        parts = urlsplit(direct)
        login = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{login}@{LOOPBACK}:{self.port}").geturl()

    async def restore(self) -> None:
        """Take connections and pass on everything, but on what is lost already."""
        self._weather.clear()
        if self._server is None:
            self._server = await asyncio.start_server(self._take, LOOPBACK, self.port)

    async def cut(self) -> None:
        """Reset every connection and refuse new ones, until `restore`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._accepted):
            reset(writer)
        for connection in list(self._open):
            connection.reset()

    async def stall(self) -> None:
        """Hold every byte, of new connections too, until `resume`: then all come, late."""
        self._weather.flowing.clear()

    async def resume(self) -> None:
        """End a stall."""
        self._weather.flowing.set()

    async def half_open(self) -> None:
        """Lose the connections that there are: no byte more either way, and no end.

        New ones work. After `restore` the server hears of clients that gave theirs up.
        """
        self._weather.mended.clear()
        for connection in self._open:
            connection.lose()

    async def latency(self, seconds: float) -> None:
        """Let each chunk, of up to 64 KiB, take this long."""
        self._weather.latency = seconds

    async def trickle(self, bytes_per_second: float) -> None:
        """Let no direction of a connection pass more than this."""
        self._weather.rate = bytes_per_second

    @contextmanager
    def watch(self, boundary: Boundary, skipped: int = 0) -> Iterator[Watch]:
        """Wait for the moment, the first `skipped` times not counted."""
        watch = Watch(boundary, skipped)
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    async def close(self) -> None:
        """Break everything, for good."""
        await self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted.add(writer)
        connection = None
        try:
            await self._weather.passable()
            there = await asyncio.open_connection(*self._target)
            connection = Connection((reader, writer), there, self._weather, self._look)
            self._open.add(connection)
            await connection.run()
        except OSError:
            reset(writer)
        finally:
            self._accepted.discard(writer)
            if connection is not None:
                self._open.discard(connection)

    def _look(self, connection: Connection, side: Side, chunk: bytes) -> int | None:
        for watch in self._watches:
            place = watch.look(connection, side, chunk)
            if place is not None:
                return place
        return None


@asynccontextmanager
async def strung(host: str, target: int) -> AsyncIterator[Wire]:
    """A wire to a service, on a port that is its own for as long as the block lasts."""
    with reserved(1) as (port,):
        wire = Wire(port, host, target)
        await wire.restore()
        try:
            yield wire
        finally:
            await wire.close()


def address(url: str) -> tuple[str, int]:
    """Host and port of a URL, or of `host:port`."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    if parts.hostname is None or parts.port is None:
        raise ValueError("an address with a host and a port is needed")
    return parts.hostname, parts.port
