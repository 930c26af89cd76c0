"""Mails as they are written, and the answers of a mail server to them."""

from __future__ import annotations

import asyncio
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.parser import BytesParser
from typing import TYPE_CHECKING, Final
from uuid import UUID

from tests.fuzz import judging
from tests.fuzz.judging import CANARY
from tests.fuzz.pieces import joined, split, text
from tests.fuzz.target import Target
from worker.mailer import Job, Sent
from worker.mime import HeaderError, Mailbox, Message, build
from worker.smtp.exchange import Exchange
from worker.smtp.transaction import Transaction, written

if TYPE_CHECKING:
    from worker.smtp.transaction import Mail

_MAIL: Final = UUID("01936f5e-0000-7000-8000-00000000002a")
_MOMENT: Final = datetime(2026, 11, 23, tzinfo=UTC)
_NAMES: Final = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "Auto-Submitted",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]
# Control characters, and what a reader that decodes twice would decode again.
_NEVER_SHOWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]|=\\?.*\\?=")
_LONGEST_LINE: Final = 998  # RFC 5322, 2.1.1


def mail(data: bytes) -> None:
    """No value becomes another header, line or part, whatever reads it."""
    domein, naam, adres, onderwerp, taal, tekst = map(text, split(data, 6))
    message = Message(
        mail=_MAIL,
        domein=domein,
        van=Mailbox(naam, "noreply@example.nl"),
        aan=Mailbox(naam, adres),
        onderwerp=onderwerp,
        tekst=tekst,
        html=tekst,
        taal=taal,
        moment=_MOMENT,
        draad=_MAIL,
    )
    try:
        content = build(message)
    except HeaderError as error:
        judging.secret(error)
        return
    _whole(content)


def _whole(content: bytes) -> None:
    content.decode("ascii")
    lines = content.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= _LONGEST_LINE
    assert content.partition(b"\r\n\r\n")[0].count(b"\r\n--") == 0
    read = BytesParser(policy=email.policy.compat32).parsebytes(content)
    assert read.keys() == _NAMES
    for name in ("From", "To", "Subject"):
        value = str(read[name]).replace("\r\n", "")
        shown = str(make_header(decode_header(value)))
        assert not _NEVER_SHOWN.search(shown), f"{name} decodes to what another reader obeys"
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def envelope(data: bytes) -> None:
    """What is written is one command a line, and the mail with one end."""
    sender, recipient, content = split(data, 3)
    found = written(Job(_MAIL, text(sender), text(recipient), content))
    if found is None:
        return
    assert all(line.endswith(b"\r\n") and line.count(b"\n") == 1 for line in found.envelope)
    assert found.content.endswith(b"\r\n.\r\n") or found.content == b".\r\n"
    body = found.content.removesuffix(b".\r\n")
    lines = body.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or line == b"." for line in lines)
    plain = b"\r\n".join(line.removeprefix(b".") for line in lines)
    sent = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert plain.removesuffix(b"\r\n") == sent.removesuffix(b"\r\n")


class _Server(asyncio.Transport):
    """Answers each write with the next piece, and a silence with another.

    Hangs up when there is none left.
    """

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._written = 0
        self._closing = False
        self.protocol: Exchange | None = None
        self.got = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.got += bytes(data)
        self._written += 1
        asyncio.get_running_loop().call_soon(self._answer, self._written)

    def _answer(self, written: int) -> None:
        if self.protocol is None or self._closing or written != self._written:
            return
        if not self._pieces:
            self.abort()
            return
        self.protocol.data_received(self._pieces.pop(0))
        # Whoever was woken by that writes before this comes to its turn.
        asyncio.get_running_loop().call_soon(self._answer, written)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, Exchange)
        self.protocol = protocol

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            if self.protocol is not None:
                asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


def answers(data: bytes) -> None:
    """A server that says anything, in any pieces: each mail has one answer that can be kept."""
    first, *pieces = data.split(b"\x1e")
    with asyncio.Runner() as runner:
        runner.run(_conversed(pieces, pipelining=first == b"p"))


async def _conversed(pieces: list[bytes], *, pipelining: bool) -> None:
    made = written(Job(_MAIL, "bounces@example.nl", "burger@example.nl", b"Subject: x\r\n\r\n"))
    assert made is not None
    server = _Server(pieces)
    exchange = Exchange(server)
    until = asyncio.get_running_loop().time() + 60
    transaction = Transaction(exchange, made, _at_once, until, pipelining)
    answer = await transaction.run()
    assert len(answer.words) <= 500
    assert not any(each in answer.words for each in "\x00\r\n\x1b")
    judging.storable((answer.words, answer.code))
    _consistent(answer.sent, server, made)


def _consistent(sent: Sent, server: _Server, made: Mail) -> None:
    """What was never handed over was not accepted, and nobody can doubt it."""
    if made.content not in server.got:
        assert sent in {Sent.LATER, Sent.REFUSED}


async def _at_once() -> None:
    """Wait for nothing."""


MAILS: Final = Target(
    mail,
    (
        joined(b"example.nl", CANARY.encode(), b"burger@example.nl", CANARY.encode(), b"nl", b"x"),
        joined(
            "bücher.example".encode(),
            "Café é".encode(),
            "burger@bücher.example".encode(),
            "Nieuw contact é".encode(),
            b"en-GB",
            b".\n--=_x\n\x00\r",
        ),
    ),
    (
        b"\x1e",
        b"\r\n",
        b"\nBcc: x@example.nl",
        b"=?utf-8?q?=0ABcc?=",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"--=_01936f5e000070008000",
        b"\xc3\x9f",
        b"xn--",
        b'"',
        b"\\",
    ),
)
ENVELOPES: Final = Target(
    envelope,
    (joined(b"bounces@example.nl", b"burger@example.nl", b"Subject: x\r\n\r\n.\r\n..\r\nx\r\n"),),
    (b"\x1e", b"\r", b"\n", b"\r\n.\r\n", b">", b"<", b"\n.\n"),
)
ANSWERS: Final = Target(
    answers,
    (
        joined(b"p", b"250 OK\r\n250 OK\r\n354 go\r\n", b"250 2.0.0 taken\r\n", b"250 OK\r\n"),
        joined(b"", b"250 OK\r\n", b"250-a\r\n250 OK\r\n", b"354 go\r\n", b"550 \xff\x00no\r\n"),
        joined(b"p", b"250 OK\r\n550 5.1.1 no\r\n354 go\r\n", b"554 no\r\n"),
        joined(b"", b"421 bye\r\n"),
        joined(b"p", b"503 what\r\n503 what\r\n503 what\r\n", b"250 OK\r\n"),
    ),
    (b"\x1e", b"250 ", b"250-", b"354 ", b"421 ", b"550 ", b"999 ", b"\r\n", b"\n", b"\xff"),
)
