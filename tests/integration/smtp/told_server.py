"""Mail servers that behave as they are told."""

from __future__ import annotations

import asyncio
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

if TYPE_CHECKING:
    import ssl
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
    handed_over: int = 0
    """How many mails came, answered or not."""
    connections: int = 0
    logins: int = 0

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
        self.handed_over += 1
        if self.hangs is not None:
            await self.hangs.wait()
        answer = self._answer("data")
        if self.closes:
            assert server.transport is not None
            # No isinstance: uvloop's transports are of no class of asyncio's.
            cast("asyncio.WriteTransport", server.transport).abort()
        if answer.startswith("250"):
            self.sent.append(envelope)
        return answer


@asynccontextmanager
async def listening(
    told: Told,
    *,
    starttls: ssl.SSLContext | None = None,
    context: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
) -> AsyncIterator[int]:
    """A server on a free port of the loopback address; gives the port.

    It wants STARTTLS, TLS from the start by `context`, or a login, if they are given.
    """

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _way: str, data: object
    ) -> AuthResult:
        told.logins += 1
        right = login is not None and data == LoginPassword(*(each.encode() for each in login))
        return AuthResult(success=right, handled=False)

    def session() -> SMTP:
        told.connections += 1
        with warnings.catch_warnings():
            # Of a login without TLS, which is what one of the tests is about.
            warnings.simplefilter("ignore")
            return SMTP(
                told,
                hostname="mail.example.nl",
                enable_SMTPUTF8=False,
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=authenticate,
                auth_required=login is not None,
                auth_require_tls=False,
            )

    async with _serving(session, context) as port:
        yield port


@asynccontextmanager
async def greeting(words: bytes) -> AsyncIterator[int]:
    """A server that says `words` to whoever connects, and then goodbye."""

    class Greeter(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            writing = cast("asyncio.WriteTransport", transport)
            writing.write(words)
            # uvloop has not finished making it yet.
            asyncio.get_running_loop().call_soon(writing.close)

    async with _serving(Greeter) as port:
        yield port


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """A server that takes connections and says nothing."""
    async with _serving(asyncio.Protocol) as port:
        yield port


@asynccontextmanager
async def _serving(
    protocol: Callable[[], asyncio.BaseProtocol], context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
