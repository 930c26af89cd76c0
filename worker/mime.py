"""Writes a finished mail as bytes (RFC 5322, 2045 to 2047), without the `email` package.

`email.message` takes about 1.8 ms for what takes some 50 µs here, because what we send has one
shape: multipart/alternative with a text and an HTML part, both UTF-8 and quoted-printable.
Header values are checked, not repaired: a value that could become another header is refused.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from dataclasses import dataclass
from email.utils import format_datetime
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

# C0, DEL and C1 control characters, line and paragraph separators, halves of surrogate pairs.
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# RFC 2047; refused more widely than its grammar, because readers decode more widely.
_ENCODED_WORD: Final = re.compile(r"=\?.*\?=")
_PLAIN: Final = re.compile(r"(?:[!-~](?:[ -~]{0,60}[!-~])?)?")
_NAME: Final = re.compile(r"[ -~]{1,60}")
# RFC 5322 dot-atom, but dots may stand anywhere: such addresses exist. No quoted local parts.
_LOCAL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
# IDNA 2003, which Python has, and IDNA 2008 send these to different domains.
_AMBIGUOUS: Final = re.compile("[\u00df\u03c2\u200c\u200d]")
_LONGEST_ADDRESS: Final = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets

# A line with an encoded word has 76 characters at most (RFC 2047, 2): `Subject: ` takes 9 of
# the first, the word's own frame 12.
_ROOM: Final = 76 - 9 - 12
_ROOM_BASE64: Final = _ROOM // 4 * 3
# RFC 2047, 5 (3): what may stand unencoded in a phrase, the strictest of the places.
_UNENCODED: Final = frozenset((ascii_letters + digits + "!*+-/").encode())
_Q: Final = {byte: chr(byte) if byte in _UNENCODED else f"={byte:02X}" for byte in range(256)} | {
    ord(" "): "_"
}
# RFC 5322, 2.1.1: a line should have 78 characters at most.
_LINE: Final = 78


class HeaderError(ValueError):
    """A value that cannot stand in a header: names the header and the reason, never the value."""

    def __init__(self, header: str, reason: str) -> None:
        super().__init__(f"{header}: {reason}")
        self.header = header
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody's name, which may be empty, and address."""

    naam: str
    adres: str


@dataclass(frozen=True, slots=True)
class Message:
    """One mail to one recipient; `tekst` and `html` may have any line ends."""

    mail: UUID
    """Makes the Message-ID and the boundary: the same over every retry."""
    domein: str
    """The right side of the Message-ID, a domain of the sender."""
    van: Mailbox
    aan: Mailbox
    onderwerp: str
    tekst: str
    html: str
    taal: str
    """BCP 47."""
    moment: datetime
    """Aware."""
    draad: UUID
    """What the mails of one zaak have in common; readers show them together by it."""


def build(message: Message) -> bytes:
    """Write the message: CRLF line ends, all ASCII, lines of 76 where the RFCs ask for it.

    Raises HeaderError. The same message gives the same bytes.
    """
    # "=_" cannot occur in quoted-printable, so the boundary cannot (RFC 2045, 6.7).
    boundary = f"=_{message.mail.hex}"
    head = (
        f"From: {_mailbox('From', message.van)}\r\n"
        f"To: {_mailbox('To', message.aan)}\r\n"
        f"Subject: {_subject(message.onderwerp)}\r\n"
        f"Date: {_date(message.moment)}\r\n"
        f"Message-ID: {message_id(message.mail, message.domein)}\r\n"
        f"References: {message_id(message.draad, message.domein)}\r\n"
        "Auto-Submitted: auto-generated\r\n"
        f"Content-Language: {_language(message.taal)}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
        f"\r\n--{boundary}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    between = (
        f"\r\n--{boundary}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    end = f"\r\n--{boundary}--\r\n"
    return b"".join(
        (
            head.encode("ascii"),
            _body(message.tekst),
            between.encode("ascii"),
            _body(message.html),
            end.encode("ascii"),
        )
    )


def message_id(mail: UUID, domein: str) -> str:
    """Give the Message-ID, angle brackets included; also what a later mail refers to."""
    return f"<{mail}@{_domain('Message-ID', domein)}>"


def address(header: str, adres: str) -> str:
    """Give the address in the ASCII form that a header and the SMTP envelope take.

    An internationalised domain becomes its `xn--` form (IDNA). Raises HeaderError, naming
    `header`.
    """
    local, at, domain = adres.rpartition("@")
    if not at:
        raise HeaderError(header, "address has no @")
    if not local.isascii() and not _FORBIDDEN.search(local):
        raise HeaderError(header, "address needs SMTPUTF8")
    if not _LOCAL.fullmatch(local) or _ENCODED_WORD.search(local):
        raise HeaderError(header, "address has a character that is not allowed")
    whole = f"{local}@{_domain(header, domain)}"
    if len(whole) > _LONGEST_ADDRESS:
        raise HeaderError(header, "address is too long")
    return whole


def _domain(header: str, domain: str) -> str:
    if not domain.isascii():
        if _AMBIGUOUS.search(domain):
            raise HeaderError(header, "domain must be given in its xn-- form")
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            # Without the cause: its text quotes the domain.
            raise HeaderError(header, "domain is not valid") from None
    if not _DOMAIN.fullmatch(domain):
        raise HeaderError(header, "domain is not valid")
    return domain


def _mailbox(header: str, mailbox: Mailbox) -> str:
    adres, naam = address(header, mailbox.adres), mailbox.naam
    if not naam:
        return adres
    _refuse(header, naam)
    if not _NAME.fullmatch(naam):
        # On a line of its own: the limit of 76 holds for lines with an encoded word.
        return f"{_encoded(naam)}\r\n <{adres}>"
    quoted = naam.replace("\\", r"\\").replace('"', r"\"")
    short = len(f'{header}: "{quoted}" <{adres}>') <= _LINE
    return f'"{quoted}" <{adres}>' if short else f'"{quoted}"\r\n <{adres}>'


def _subject(onderwerp: str) -> str:
    _refuse("Subject", onderwerp)
    return onderwerp if _PLAIN.fullmatch(onderwerp) else _encoded(onderwerp)


def _date(moment: datetime) -> str:
    if moment.utcoffset() is None:
        raise HeaderError("Date", "moment has no offset")
    return format_datetime(moment)


def _language(taal: str) -> str:
    if not _LANGUAGE.fullmatch(taal):
        raise HeaderError("Content-Language", "not a language tag")
    return taal


def _refuse(header: str, value: str) -> None:
    if _FORBIDDEN.search(value):
        raise HeaderError(header, "has a control character")
    if _ENCODED_WORD.search(value):
        raise HeaderError(header, "looks like an encoded word")


def _encoded(text: str) -> str:
    """Encode as RFC 2047 words, one a line: Q for mostly ASCII, which stays legible, else B."""
    if len(text.encode()) * 5 < len(text) * 6:
        words = (f"=?utf-8?q?{word}?=" for word in _q_words(text))
    else:
        words = (f"=?utf-8?b?{word}?=" for word in _b_words(text))
    return "\r\n ".join(words)


def _q_words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        encoded = "".join([_Q[byte] for byte in char.encode()])
        if len(word) + len(encoded) > _ROOM:
            yield word
            word = ""
        word += encoded
    yield word


def _b_words(text: str) -> Iterator[str]:
    """Split between characters: each word is decoded on its own (RFC 2047, 5)."""
    word = b""
    for char in text:
        encoded = char.encode()
        if len(word) + len(encoded) > _ROOM_BASE64:
            yield b64encode(word).decode("ascii")
            word = b""
        word += encoded
    yield b64encode(word).decode("ascii")


def _body(text: str) -> bytes:
    """Encode as quoted-printable with CRLF.

    The encoder is given LF only: it would let a lone CR through as it stands.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    return encoded.replace(b"\n", b"\r\n")
