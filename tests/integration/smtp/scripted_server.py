"""A mail server that says exactly what a test has it say, and keeps what it hears."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

END: Final = b"\r\n.\r\n"
_BUFFER: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Says:
    """What follows on a command, and whether the connection ends with it; nothing is silence."""

    words: bytes = b""
    closes: bool = False
    resets: bool = False


OK: Final = Says(b"250 2.0.0 Ok\r\n")
GO_ON: Final = Says(b"354 End data with <CR><LF>.<CR><LF>\r\n")
SILENCE: Final = Says()
CLOSES: Final = Says(closes=True)
RESETS: Final = Says(resets=True)


@dataclass
class Script:
    """The answers to each command in order; the last one stays. `dot` follows on the content.

    With `reads`, only so many bytes of the content are read before `dot` follows, and no more
    than a buffer until `goes_on`.
    """

    connect: list[Says] = field(default_factory=lambda: [Says(b"220 mail.example.nl\r\n")])
    ehlo: list[Says] = field(
        default_factory=lambda: [Says(b"250-mail.example.nl\r\n250 PIPELINING\r\n")]
    )
    helo: list[Says] = field(default_factory=lambda: [OK])
    auth: list[Says] = field(default_factory=lambda: [Says(b"235 welcome\r\n")])
    mail: list[Says] = field(default_factory=lambda: [OK])
    rcpt: list[Says] = field(default_factory=lambda: [OK])
    data: list[Says] = field(default_factory=lambda: [GO_ON])
    dot: list[Says] = field(default_factory=lambda: [OK])
    rset: list[Says] = field(default_factory=lambda: [OK])
    quit: list[Says] = field(default_factory=lambda: [Says(b"221 Bye\r\n", closes=True)])
    reads: int | None = None
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[str] = field(default_factory=list)
    """The first words of the commands; `connect` for a connection."""
    names: list[str] = field(default_factory=list)
    """Who said EHLO or HELO."""
    contents: list[bytes] = field(default_factory=list)
    """Whole ones, with their final dots, as they came."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """A connection has ended, and `rest` is the last that came over it."""
    rest: bytes = b""

    def says(self, command: str) -> Says:
        self.heard.append(command)
        answers: list[Says] = getattr(self, command)
        return answers[min(self.heard.count(command), len(answers)) - 1]


@asynccontextmanager
async def scripted(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The server on a free port, with TLS from the start if there is a context."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(script, reader, writer).hold()
            while chunk := await reader.read(_BUFFER):
                script.rest = (script.rest + chunk)[-len(END) :]
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            script.ended.set()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, limit=_BUFFER, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@dataclass
class _Conversation:
    script: Script
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def hold(self) -> None:
        going = await self._say(self.script.says("connect"))
        while going and (line := await self.reader.readline()):
            command = line.split()[0].decode("ascii").lower()
            if command in {"ehlo", "helo"}:
                self.script.names.append(line.split()[1].decode("ascii"))
            says = self.script.says(command)
            going = await self._say(says)
            if going and command == "data" and says.words.startswith(b"354"):
                await self._read()
                going = await self._say(self.script.says("dot"))
                if self.script.reads is not None:
                    await self.script.goes_on.wait()
                    return

    async def _read(self) -> None:
        if self.script.reads is not None:
            await self.reader.readexactly(self.script.reads)
        else:
            self.script.contents.append(await self._content())

    async def _content(self) -> bytes:
        lines = [await self.reader.readline()]
        while lines[-1] not in {b".\r\n", b""}:
            lines.append(await self.reader.readline())
        return b"".join(lines)

    async def _say(self, says: Says) -> bool:
        """Whether it goes on."""
        self.writer.write(says.words)
        await self.writer.drain()
        if says.resets:
            linger = struct.pack("ii", 1, 0)
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.writer.transport.abort()
        if says.closes:
            self.writer.close()
        return not (says.closes or says.resets)
