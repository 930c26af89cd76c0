"""Conversations with the mail servers of the tests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict, Unpack
from uuid import uuid4

from tests.fakes import Lines
from worker.mailer import Job
from worker.smtp.address import Address
from worker.smtp.conversation import SmtpConversation
from worker.smtp.server import MailServer
from worker.tls import Files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE = (1, 10, 100)
"""Deadlines, in seconds, of a conversation that is to come so far and then be broken off: each is
tried until one lets it come so far, which on a busy machine may not be the first."""
CONTENT = b"Subject: x\r\n\r\n.een punt\r\n"


def job(recipient: str = "burger@example.nl", content: bytes = CONTENT) -> Job:
    return Job(uuid4(), "noreply@example.nl", recipient, content)


class At(TypedDict, total=False):
    """How the server is spoken to, where it is otherwise than in the clear."""

    host: str
    tls: str
    files: Files
    login: tuple[str, str]
    helo: str


@asynccontextmanager
async def conversing(
    port: int,
    *,
    seconds: float = 20,
    idle: float = 60,
    lines: Lines | None = None,
    **at: Unpack[At],
) -> AsyncIterator[SmtpConversation]:
    """A conversation with a server on this machine; keywords are of its Address."""
    address = Address(
        at.get("host", "127.0.0.1"),
        port,
        at.get("tls", "off"),
        at.get("files", Files()),
        at.get("login"),
        at.get("helo"),
    )
    server = MailServer(address, (lines or Lines()).log)
    conversation = SmtpConversation(server, timedelta(seconds=seconds), idle)
    try:
        yield conversation
    finally:
        await conversation.close()
