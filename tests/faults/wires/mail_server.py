"""A mail server that does what it is told, and remembers what it took."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.wires.boundary import ANSWER_TO_CONTENT
from worker.stack.ports import LOOPBACK, reserved

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_OK: Final = "250 2.1.0 OK"
_MESSAGE_ID: Final = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mode:
    """How it behaves.

    `refusals` is what is said to a command instead of yes, by its name, where not None;
    `hangs_up` at content: None, "taken" when it was taken first, "thrown away" when it was not.
    """

    refusals: dict[str, str] | None = None
    seconds: float = 0.0
    """Before each answer."""
    takes_leave: bool = False
    """Whether it closes after a refusal."""
    hangs_up: str | None = None


WELL: Final = Mode()


class MailServer:
    """Takes mails on `port`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mode = WELL
        self.taken: Counter[str] = Counter()
        """How often each mail was taken, by what its Message-ID begins with: the mail's id."""
        self.unanswered: Counter[str] = Counter()
        """How often the content of each came whole and was not answered, taken or not."""
        self.refused: Counter[str] = Counter()
        """How often each command was refused."""
        self.accepted: Callable[[str], None] = lambda _mail: None
        """Called with each mail's id as it is taken."""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()

    async def up(self) -> None:
        """Listen."""
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                self._protocol, LOOPBACK, self.port
            )

    async def down(self) -> None:
        """Refuse connections and break those that there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in list(self._open):
            _break(transport)
        self._open.clear()

    async def restore(self) -> None:
        """Be well again."""
        self.mode = WELL
        await self.up()

    def _protocol(self) -> SMTP:
        return _Conversation(self, hostname="mail.example.nl", enable_SMTPUTF8=False, timeout=600)

    def connected(self, transport: asyncio.BaseTransport) -> None:
        """One more."""
        self._open.add(transport)

    def disconnected(self, transport: asyncio.BaseTransport | None) -> None:
        """One less."""
        if transport is not None:
            self._open.discard(transport)

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        """Offer pipelining, as most servers do."""
        del server, envelope
        session.host_name = name
        return [said[0], "250-PIPELINING", *said[1:]]

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A mail begins."""
        del session, options
        answer = await self._answer(server, "MAIL", _OK)
        if answer == _OK:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient."""
        del session, options
        answer = await self._answer(server, "RCPT", _OK)
        if answer == _OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """The mail itself; it counts as taken before the answer is on its way."""
        del session
        found = _MESSAGE_ID.search(envelope.original_content or b"")
        mail = found[1].decode() if found else ""
        hangs_up = self.mode.hangs_up
        if hangs_up is not None:
            self.unanswered[mail] += 1
            if hangs_up == "taken":
                self._take(mail)
            _break(server.transport)
            return ANSWER_TO_CONTENT
        answer = await self._answer(server, "DATA", f"{ANSWER_TO_CONTENT} taken")
        if answer.startswith(ANSWER_TO_CONTENT):
            self._take(mail)
        return answer

    def _take(self, mail: str) -> None:
        self.taken[mail] += 1
        self.accepted(mail)

    async def _answer(self, server: SMTP, command: str, yes: str) -> str:
        mode = self.mode
        if mode.seconds:
            await asyncio.sleep(mode.seconds)
        refusal = (mode.refusals or {}).get(command)
        if refusal is None:
            return yes
        self.refused[command] += 1
        if mode.takes_leave and server.transport is not None:
            # The answer is written when this returns, and the goodbye goes behind it.
            asyncio.get_running_loop().call_soon(server.transport.close)
        return refusal


class _Conversation(SMTP):
    """One connection, which the server can break."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.event_handler.connected(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        self.event_handler.disconnected(self.transport)
        super().connection_lost(error)


def _break(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.Transport):
        transport.abort()


@asynccontextmanager
async def serving() -> AsyncIterator[MailServer]:
    """One that is up, on a port of its own for as long as the block lasts."""
    with reserved(1) as (port,):
        server = MailServer(port)
        await server.up()
        try:
            yield server
        finally:
            await server.down()
