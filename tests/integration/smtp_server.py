"""Mail servers that behave as they are told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, Envelope, Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

OK = "250 OK"


@dataclass
class Told:
    """What it answers to each command, and what it was sent."""

    mail: str = OK
    rcpt: str = OK
    data: str = OK
    hangs: asyncio.Event | None = None
    closes: bool = False
    once: bool = False
    sent: list[Envelope] = field(default_factory=list)
    connections: int = 0

    def _answer(self, name: str) -> str:
        answer: str = getattr(self, name)
        if self.once:
            setattr(self, name, OK)
        return answer

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        envelope.mail_from = address
        return self._answer("mail")

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        answer = self._answer("rcpt")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del session
        if self.hangs is not None:
            await self.hangs.wait()
        answer = self._answer("data")
        if self.closes and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        if answer.startswith("250"):
            self.sent.append(envelope)
        return answer


@asynccontextmanager
async def listening(told: Told) -> AsyncIterator[int]:
    """A server on a free port of the loopback address; gives the port."""

    def session() -> SMTP:
        told.connections += 1
        return SMTP(told, hostname="mail.example.nl", enable_SMTPUTF8=False)

    async with _serving(session) as port:
        yield port


@asynccontextmanager
async def greeting(words: bytes) -> AsyncIterator[int]:
    """A server that says `words` to whoever connects, and then goodbye."""

    class Greeter(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(words)
            transport.close()

    async with _serving(Greeter) as port:
        yield port


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """A server that takes connections and says nothing."""
    async with _serving(asyncio.Protocol) as port:
        yield port


@asynccontextmanager
async def _serving(protocol: Callable[[], asyncio.BaseProtocol]) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
