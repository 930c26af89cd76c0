"""The mail server, to which all conversations of a process connect."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import aiosmtplib

from worker.smtp.exchange import Exchange
from worker.smtp.transaction import OUT_OF_SEQUENCE
from worker.smtp.unserved import (
    FAULTS,
    LoginRefused,
    Unserved,
    no_login,
    no_starttls,
    of_the_connection,
    unserved,
)

if TYPE_CHECKING:
    from worker.logs import Log
    from worker.mailer import Answer
    from worker.smtp.address import Address

_PERMANENT: Final = 500
_TOLD_AGAIN_SECONDS: Final = 60
# Tried again by each mail, a wrong password would soon lock the account.
_LOGIN_AGAIN_SECONDS: Final = 60


class Line(NamedTuple):
    """A connection that can take mails."""

    exchange: Exchange
    pipelining: bool
    """Whether the server takes commands in groups."""


class MailServer:
    """Connects, secures and authenticates by aiosmtplib, and tells why when it cannot."""

    def __init__(self, at: Address, log: Log) -> None:
        self._at = at
        self._log = log
        self._helo = at.helo
        self._stepwise = False
        self._told: tuple[str, float] | None = None
        self._locked: tuple[Unserved, float] | None = None

    async def connect(self) -> Line:
        """A new connection; raises Unserved. The limit of time is the caller's."""
        if self._locked is not None and _now() < self._locked[1]:
            raise self._locked[0].with_traceback(None)
        try:
            return await self._connected()
        except FAULTS as fault:
            reason = unserved(fault)
        except Unserved as found:
            reason = found
        if isinstance(reason, LoginRefused):
            self._locked = reason, _now() + _LOGIN_AGAIN_SECONDS
        self.tell(reason)
        raise reason

    def confused(self, answer: Answer) -> None:
        """Take note of an answer that was of the connection, not of the mail."""
        # Not every server that offers pipelining can do it, or what stands in front of it.
        self._stepwise = self._stepwise or answer.code == OUT_OF_SEQUENCE
        self.tell(of_the_connection(answer))

    def tell(self, reason: Unserved) -> None:
        """Log a reason once, and once a minute while it lasts."""
        if self._told is not None:
            told, moment = self._told
            if told == reason.reason and _now() < moment + _TOLD_AGAIN_SECONDS:
                return
        self._told = reason.reason, _now()
        why = f"the mail server {reason.reason}"
        code = reason.reply.code if reason.reply else None
        if reason.lasting:
            self._log.error("mailserver", reden=why, smtp_code=code)
        else:
            self._log.warning("mailserver", reden=why, smtp_code=code)

    async def _connected(self) -> Line:
        client = aiosmtplib.SMTP(
            hostname=self._at.host,
            port=self._at.port,
            local_hostname=self._helo,
            timeout=None,
            use_tls=self._at.tls == "tls",
            start_tls=False,
            # Made anew each time: files may have been renewed.
            tls_context=await asyncio.to_thread(self._at.context),
        )
        try:
            await self._prepared(client)
            transport = cast("asyncio.Transport", client.transport)
            pipelining = client.supports_extension("pipelining") and not self._stepwise
            return Line(Exchange(transport), pipelining)
        except BaseException:
            client.close()
            raise

    async def _prepared(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        # Looked up by the client, which may take long: once is enough.
        self._helo = client.local_hostname
        await _greet(client)
        if self._at.tls == "starttls":
            if not client.supports_extension("starttls"):
                raise no_starttls()
            await client.starttls()
            await _greet(client)
        if self._at.login is not None:
            if not client.supported_auth_methods:
                raise no_login()
            await client.login(*self._at.login)
        if not client.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("the connection ended")


async def _greet(client: aiosmtplib.SMTP) -> None:
    """EHLO, or HELO to a server that knows no other."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as refused:
        if refused.code < _PERMANENT:
            raise
        await client.helo()


def _now() -> float:
    return asyncio.get_running_loop().time()
