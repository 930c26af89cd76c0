"""A mail server that puts off some of what it is given, and remembers what it took."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

_OK: Final = "250 OK"
_MESSAGE_ID: Final = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE | re.IGNORECASE)
_REFUSALS: Final = {
    "MAIL": "451 4.3.0 later",
    "RCPT": "450 4.2.1 greylisted",
    "DATA": "452 4.3.1 no room",
}


@dataclass
class SoftServer:
    """Of all conversations `share` ends in a 4yz, at a command that `choose` chooses."""

    share: float
    choose: random.Random
    taken: Counter[str] = field(default_factory=Counter)
    """How often each mail was taken, by what its Message-ID begins with."""
    put_off: int = 0
    _refuses: dict[object, str | None] = field(default_factory=dict)
    """By who is connected: the command at which the mail in hand is put off."""

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The first command of a conversation: the choice is made here."""
        del server, options
        self._refuses[session.peer] = self._chosen()
        if self._refuses[session.peer] == "MAIL":
            return self._later("MAIL")
        envelope.mail_from = address
        return _OK

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient."""
        del server, options
        if self._refuses[session.peer] == "RCPT":
            return self._later("RCPT")
        envelope.rcpt_tos.append(address)
        return _OK

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """The mail itself."""
        del server
        if self._refuses[session.peer] == "DATA":
            return self._later("DATA")
        content = envelope.original_content or b""
        found = _MESSAGE_ID.search(content)
        self.taken[found[1].decode() if found else ""] += 1
        return _OK

    def _chosen(self) -> str | None:
        if self.choose.random() >= self.share:
            return None
        return self.choose.choice(tuple(_REFUSALS))

    def _later(self, command: str) -> str:
        self.put_off += 1
        return _REFUSALS[command]


@asynccontextmanager
async def listening(soft: SoftServer) -> AsyncIterator[int]:
    """It on a free port of the loopback address; gives the port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(soft, hostname="mail.example.nl", enable_SMTPUTF8=False), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
