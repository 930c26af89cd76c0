"""Delivery status reports (RFC 3464, RFC 6533): what mail systems say became of a mail.

A report comes from whoever has had a mail of ours, so it is read as an attack would be. Headers,
parameters and encodings are the `email` package's; parts are found by their boundary here, since
its own parser looks at each line as often as parts are nested: one made for it takes minutes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser, HeaderParser
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

_STATUS_PARTS: Final = {"message/delivery-status", "message/global-delivery-status"}
# A gateway may wrap a report to add a footer of its own, and another one may do so again.
_DEEPEST: Final = 3
_MOST_PARTS: Final = 20
_MOST_BLOCKS: Final = 100
# The package's parsing of parameters takes the square of their length.
_LONGEST_PARAMETERS: Final = 4096
_LONGEST_WORDS: Final = 2000
# Where mail systems write to whom the report itself went, the surest first.
_SENT_TO: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_BLANK: Final = re.compile(r"\r?\n[ \t]*\r?\n\s*")
_ACTION: Final = re.compile(r"\s*([a-z]+)", re.IGNORECASE)
_STATUS: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\S)")
_TYPE: Final = re.compile(r"\s*([a-z0-9-]+)\s*;", re.IGNORECASE)
_SMTP_CODE: Final = re.compile(r"([245]\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Status:
    """What became of the mail for one recipient (RFC 3464, section 2.3).

    `addresses` are the recipient's: where it was refused, and before it was sent on, if it was;
    `words` are the mail server's. Both are personal.
    """

    addresses: tuple[str, ...]
    action: str
    """In lower case: failed, delayed, delivered, relayed or expanded."""
    code: str | None
    """RFC 3463: 5.1.1."""
    smtp_code: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """A mail that came back; without `statuses` it is no report that a program can read."""

    sent_to: tuple[str, ...]
    """What the headers say that it was sent to."""
    statuses: tuple[Status, ...]
    automatic: bool
    """Whether it is an answer by a machine: out of office, read receipts and the like."""


def read(body: bytes) -> Report:
    """Take a mail apart (RFC 5322), as it was received; time and depth are bounded."""
    mail = _parsed(body)
    content = _status_part(mail)
    return Report(
        tuple(str(each) for name in _SENT_TO for each in mail.get_all(name, ())),
        () if content is None else tuple(_statuses(content)),
        automatic=_automatic(mail),
    )


def _parsed(content: bytes) -> Message:
    mail = BytesHeaderParser().parsebytes(content)
    if len(_field(mail, "Content-Type")) > _LONGEST_PARAMETERS:
        del mail["Content-Type"]
    return mail


def _field(message: Message, name: str) -> str:
    # A value that is not ASCII comes as an object.
    return str(message.get(name, ""))


def _content(message: Message) -> bytes:
    """Without the transfer encoding."""
    content = message.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _status_part(mail: Message, deeper: int = _DEEPEST) -> bytes | None:
    """The first one in a multipart/report: the mail itself, or a multipart in it."""
    report = mail.get_content_type() == "multipart/report"
    for part in _parts(mail):
        if report and part.get_content_type() in _STATUS_PARTS:
            return _content(part)
        if deeper and part.get_content_maintype() == "multipart":
            found = _status_part(part, deeper - 1)
            if found is not None:
                return found
    return None


def _parts(mail: Message) -> Iterator[Message]:
    """The first parts of a multipart, with their headers (RFC 2046, section 5.1.1)."""
    boundary = mail.get_boundary()
    if not boundary or mail.get_content_maintype() != "multipart":
        return
    content = _content(mail)
    quoted = re.escape(boundary.encode("utf-8", "replace"))
    delimiters = re.finditer(rb"^--%s(--)?[ \t]*(?:\r?\n|\Z)" % quoted, content, re.MULTILINE)
    begin: int | None = None
    for each in islice(delimiters, _MOST_PARTS):
        if begin is not None:
            yield _parsed(content[begin : each.start()])
        if each[1]:
            return
        begin = each.end()
    if begin is not None:
        # Cut off, or with more parts than are looked at.
        yield _parsed(content[begin:])


def _statuses(content: bytes) -> Iterator[Status]:
    """One for each block of fields that tells of a recipient; the first one is of the mail."""
    text = content.decode("utf-8", "replace").strip()
    for block in _BLANK.split(text, _MOST_BLOCKS)[:_MOST_BLOCKS]:
        fields = HeaderParser().parsestr(block)
        addresses = tuple(_addresses(fields))
        action = _ACTION.match(_field(fields, "Action"))
        if action and addresses:
            code = _STATUS.match(_field(fields, "Status"))
            smtp_code, words = _diagnostic(_field(fields, "Diagnostic-Code"))
            yield Status(addresses, action[1].lower(), code and code[1], smtp_code, words)


def _addresses(fields: Message) -> Iterator[str]:
    for name in ("Final-Recipient", "Original-Recipient"):
        _, found, address = _field(fields, name).partition(";")
        if found:
            yield address.strip().strip("<>")


def _diagnostic(field: str) -> tuple[int | None, str]:
    """SMTP's code, where it is the mail server's, and the words, on one line."""
    kind = _TYPE.match(field)
    words = " ".join(field[kind.end() :].split() if kind else field.split())[:_LONGEST_WORDS]
    code = _SMTP_CODE.match(words) if kind and kind[1].lower() == "smtp" else None
    printable = "".join(each if each.isprintable() else "?" for each in words)
    return int(code[1]) if code else None, printable


def _automatic(mail: Message) -> bool:
    """RFC 3834; reports of another kind, as read receipts are; but no bounce in words alone."""
    if mail.get_content_type() == "multipart/report":
        return str(mail.get_param("report-type", "")).lower() not in {"", "delivery-status"}
    submitted = _field(mail, "Auto-Submitted").strip().lower()
    return submitted not in {"", "no"} and "X-Failed-Recipients" not in mail
