"""Why a mail server takes no mails at all: never the fault of the mail that waits for it."""

from __future__ import annotations

import os
import socket
from typing import Final

import aiosmtplib

from worker import tls
from worker.errors import UsageError
from worker.mailer import Answer, Sent
from worker.smtp.exchange import Reply
from worker.smtp.transaction import OUT_OF_SEQUENCE, words

_LOGIN: Final = "see to KLANTCONTACT_SMTP_USERNAME and KLANTCONTACT_SMTP_PASSWORD"
_WAY: Final = "see to KLANTCONTACT_SMTP_HOST, KLANTCONTACT_SMTP_PORT and KLANTCONTACT_SMTP_TLS"
_PERMANENT: Final = 500

# What connecting raises for what servers, networks and files do. ValueError: a server's part in
# the login may be no base64.
FAULTS: Final = (aiosmtplib.SMTPException, OSError, ValueError, UsageError)


class Unserved(Exception):
    """No mail can be handed over now.

    `reason` follows on "the mail server" and is free of personal data, so it may be logged;
    `reply` is what the server said, which may not. `lasting`: somebody has to see to it.
    """

    def __init__(self, reason: str, reply: Reply | None = None, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply
        self.lasting = lasting

    def answer(self) -> Answer:
        """What it means for the mail that waits."""
        if self.reply is None:
            return Answer(Sent.LATER, f"the mail server {self.reason}")
        return Answer(Sent.LATER, words(self.reply), self.reply.code)


class LoginRefused(Unserved):
    """User name or password are not accepted."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"refuses the login; {_LOGIN}", reply, lasting=reply.code >= _PERMANENT)


def silent() -> Unserved:
    """It did not answer in time."""
    return Unserved(f"does not answer; {_WAY}")


def no_starttls() -> Unserved:
    """A man in the middle can take the offer away, so there is no going on without."""
    return Unserved("offers no STARTTLS; see to KLANTCONTACT_SMTP_TLS", lasting=True)


def no_login() -> Unserved:
    """It offers no way to log in, or none that is known here."""
    return Unserved(f"offers no login by password; {_LOGIN}", lasting=True)


def of_the_connection(answer: Answer) -> Unserved:
    """What an answer out of NOT_OF_THE_MAIL says of the connection."""
    reply = Reply(answer.code or OUT_OF_SEQUENCE, "")
    if answer.code == OUT_OF_SEQUENCE:
        return Unserved("finds the commands out of sequence: one at a time from now on", reply)
    return Unserved(f"wants a login or TLS; {_LOGIN}, KLANTCONTACT_SMTP_TLS", reply, lasting=True)


def unserved(fault: Exception) -> Unserved:
    """What one of FAULTS means."""
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return _said(Reply(fault.code, fault.message), fault)
    if isinstance(fault, UsageError):
        return Unserved(f"cannot be verified: {fault}", lasting=True)
    if failed := tls.failure(fault):
        return Unserved(f"{failed}; {_WAY}, KLANTCONTACT_SMTP_TLS_CA", lasting=True)
    cause = _first(fault)
    if isinstance(cause, socket.gaierror):
        return Unserved("cannot be found; see to KLANTCONTACT_SMTP_HOST", lasting=True)
    if isinstance(cause, OSError) and cause.errno:
        return Unserved(f"cannot be connected to ({os.strerror(cause.errno)}); {_WAY}")
    return Unserved(f"cannot be connected to, or ends the connection; {_WAY}")


def _said(reply: Reply, fault: Exception) -> Unserved:
    if isinstance(fault, aiosmtplib.SMTPAuthenticationError):
        return LoginRefused(reply)
    return Unserved("refuses the connection", reply, lasting=reply.code >= _PERMANENT)


def _first(fault: BaseException) -> BaseException:
    while fault.__cause__ is not None:
        fault = fault.__cause__
    return fault
