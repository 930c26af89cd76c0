"""A connection to a service that a test can cut, and that can be TLS on the test's side."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

_CHUNK = 64 * 1024
_TURNS = 10
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
_GSS_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x30"


class Proxy:
    """Passes bytes between a port of its own, with TLS if `context` is given, and `url`."""

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        self._url = urlsplit(url)
        self._context = context
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        """The URL of the service by way of this."""
        login = self._url.netloc.rpartition("@")[0]
        return self._url._replace(netloc=f"{login}@127.0.0.1:{self._port}").geturl()

    async def restore(self) -> None:
        """Take connections, on the same port every time."""
        self._server = await asyncio.start_server(
            self._begin, "127.0.0.1", self._port, reuse_address=True, ssl=self._context
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection and take no more."""
        await _turns()
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await _turns()

    def stall(self) -> None:
        """Take everything and pass nothing on, as a network does that has lost its way."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass on what was held, and all that follows."""
        self._flowing.set()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or not self._server.is_serving():
            writer.transport.abort()
            return
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._tasks.add(task)
        # Also of one that is cancelled before it begins.
        task.add_done_callback(lambda ended: self._end(ended, writer))

    def _end(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        self._tasks.discard(task)
        writer.transport.abort()
        if not task.cancelled():
            task.exception()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self._url.hostname, self._url.port)
        self._open |= {writer, there[1]}
        try:
            await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))
        finally:
            self._open -= {writer, there[1]}
            writer.transport.abort()
            there[1].transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._flowing.wait()
                writer.write(chunk)
                await writer.drain()
        writer.transport.abort()


class PostgresProxy(Proxy):
    """A server that takes TLS only, in front of one that has none.

    Clients of PostgreSQL ask for TLS before they begin with it (protocol, section 54.2.10).
    """

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        super().__init__(url)
        self._server_context = context

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (asked := await reader.readexactly(8)) == _GSS_REQUEST:
                writer.write(b"N")
            if asked == _SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(self._server_context)
                await super()._pass_on(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def passing(url: str, context: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    proxy = Proxy(url, context)
    await proxy.restore()
    try:
        yield proxy
    finally:
        await proxy.cut()


async def _turns() -> None:
    """Turns of the loop in which what was accepted begins, and what was aborted is closed."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
