"""One connection to the mail server, kept open from mail to mail."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import aiosmtplib

from worker.mailer import Answer, Sent

if TYPE_CHECKING:
    from datetime import timedelta

    from worker.mailer import Job

_PERMANENT = 500
_NOT_AVAILABLE = 421
_LONGEST_WORDS = 500


class SmtpConversation:
    """Sends one mail at a time; connects when there is something to send, and again after 421."""

    def __init__(self, host: str, port: int, deadline: timedelta) -> None:
        self._host = host
        self._port = port
        self._deadline = deadline.total_seconds()
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, job: Job) -> Answer:
        """Hand over one mail; a silence after the content was sent is *unknown*, not failed."""
        greeted = handed_over = False
        try:
            async with asyncio.timeout(self._deadline):
                client = await self._connected()
                greeted = True
                await client.mail(job.sender, encoding="ascii")
                await client.rcpt(job.recipient, encoding="ascii")
                handed_over = True
                response = await client.data(job.content)
            return Answer(Sent.ACCEPTED, _words(response), response.code)
        except aiosmtplib.SMTPResponseException as refusal:
            if not greeted:
                # Said of the connection, not of this mail.
                self._drop()
                return Answer(Sent.LATER, _words(refusal), refusal.code)
            return await self._refused(refusal)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._drop()
            sent = Sent.UNKNOWN if handed_over else Sent.LATER
            return Answer(sent, f"no answer ({type(error).__name__})")

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            self._client = aiosmtplib.SMTP(
                hostname=self._host, port=self._port, timeout=self._deadline, start_tls=None
            )
            await self._client.connect()
            await self._client.ehlo()
        return self._client

    async def _refused(self, refusal: aiosmtplib.SMTPResponseException) -> Answer:
        if refusal.code == _NOT_AVAILABLE:
            self._drop()
        elif self._client is not None:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await self._client.rset()
        sent = Sent.REFUSED if refusal.code >= _PERMANENT else Sent.LATER
        return Answer(sent, _words(refusal), refusal.code)

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def close(self) -> None:
        """Say goodbye if there is anybody to say it to."""
        if self._client is not None and self._client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await self._client.quit()
        self._drop()


def _words(said: aiosmtplib.SMTPResponse | aiosmtplib.SMTPResponseException) -> str:
    return f"{said.code} {said.message}"[:_LONGEST_WORDS]
