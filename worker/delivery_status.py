"""Delivery status reports (RFC 3464, RFC 6533): what mail systems report of a mail.

A report comes from whoever has had a mail of ours, so it is read as an attack would be. Headers,
parameters and encodings are the `email` package's; parts are found by their boundary here, since
its own parser looks at each line as often as parts are nested: one made for it takes minutes. The
fields of a report are read here too, since many mail systems write them in their own ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from worker.domain.undeliverable import enhanced_codes

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from email.message import Message

_STATUS_PARTS: Final = {"message/delivery-status", "message/global-delivery-status"}
_PART_HEADER: Final = re.compile(
    rb"^ ?(content-type:[ \t]*message/(?:global-)?delivery-status)\b", re.IGNORECASE | re.MULTILINE
)
_DELIMITER: Final = re.compile(rb"^ ?--\S", re.MULTILINE)
_MAILS: Final = {"message/rfc822", "message/global"}
# A gateway may wrap a report to add a footer of its own, and somebody may forward it: each is one
# level, and so is the mail within a part that holds one.
_DEEPEST: Final = 6
_MOST_PARTS: Final = 20
_MOST_RECIPIENTS: Final = 100
_MOST_LINES: Final = 10_000
_HEADERS_END: Final = re.compile(rb"\A\r?\n|\n\r?\n")
_ENCODINGS: Final = {"base64", "quoted-printable"}
_LONGEST_HEADERS: Final = 128 * 1024
# The package's parsing of parameters takes the square of their length.
_LONGEST_PARAMETERS: Final = 4096
_LONGEST_FIELD: Final = 4096
_LONGEST_WORDS: Final = 2000
# Where mail systems write to whom the report itself went, the surest first.
_SENT_TO: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*:(.*)")
# RFC 3464, 2.2 and 2.3. Any other beginning of a line is the rest of the field before, which not
# every mail system indents.
_NAMES: Final = {
    *("original-envelope-id", "reporting-mta", "dsn-gateway", "received-from-mta", "arrival-date"),
    *("original-recipient", "final-recipient", "action", "status", "remote-mta"),
    *("diagnostic-code", "last-attempt-date", "final-log-id", "will-retry-until"),
}
_RECIPIENTS: Final = ("final-recipient", "original-recipient")
# A second one of these is another recipient's, though no empty line comes before it.
_ONCE: Final = {*_RECIPIENTS, "action", "status"}
_WORD: Final = re.compile(r"\s*([a-z]+)", re.IGNORECASE)
_ACTIONS: Final = {"failure": "failed", "deliverable": "delivered"}
_ACTION_OF_CLASS: Final = {"2": "delivered", "4": "delayed", "5": "failed"}
_TYPE: Final = re.compile(r"\s*([a-z0-9-]+)\s*;", re.IGNORECASE)
# The address with or without angle brackets; a comment may follow.
_ADDRESS: Final = re.compile(r"\s*<?([^\s<>();,]+)")
_XTEXT: Final = re.compile(r"\+([2-7][0-9A-F])")
_SMTP_CODE: Final = re.compile(r"([245]\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Status:
    """What became of the mail for one recipient (RFC 3464, section 2.3).

    `addresses` are the recipient's: where it was refused, and before it was sent on, if it was;
    `words` are the mail server's. Both are personal.
    """

    addresses: tuple[str, ...]
    action: str
    """In lower case: failed, expired, delayed, delivered, relayed or expanded."""
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
    part, mails = _status_part(mail, (mail,)) or (_loose_part(mail), (mail,))
    sent_to = (
        str(each) for one in mails for name in _SENT_TO for each in one.headers.get_all(name, ())
    )
    return Report(
        tuple(sent_to),
        () if part is None else tuple(_statuses(part.content())),
        automatic=_automatic(mail.headers),
    )


class _Entity(NamedTuple):
    """A mail or a part of one (RFC 2045, 2.4): its headers, and its body as it came."""

    headers: Message
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get_content_type()

    def content(self) -> bytes:
        """The body without its transfer encoding."""
        if _field(self.headers, "Content-Transfer-Encoding").strip().lower() not in _ENCODINGS:
            return self.body
        self.headers.set_payload(self.body.decode("ascii", "surrogateescape"))
        content = self.headers.get_payload(decode=True)
        return content if isinstance(content, bytes) else b""


def _parsed(content: bytes) -> _Entity:
    """The package sees the headers alone: it would go through each line of the body."""
    empty = _HEADERS_END.search(content)
    end = len(content) if empty is None else empty.end()
    headers = BytesHeaderParser().parsebytes(content[: min(end, _LONGEST_HEADERS)])
    if len(_field(headers, "Content-Type")) > _LONGEST_PARAMETERS:
        del headers["Content-Type"]
    return _Entity(headers, content[end:])


def _field(message: Message, name: str) -> str:
    # A value that is not ASCII comes as an object.
    return str(message.get(name, ""))


def _status_part(
    entity: _Entity, mails: tuple[_Entity, ...], deeper: int = _DEEPEST
) -> tuple[_Entity, tuple[_Entity, ...]] | None:
    """The first part for programs, and the mails that it is in, the outermost first.

    It need not be in a multipart/report, nor in this mail: somebody may have forwarded it.
    """
    if entity.type in _STATUS_PARTS:
        return entity, mails
    if not deeper:
        return None
    if _is_mail(entity):
        inner = _parsed(entity.content())
        return _status_part(inner, (*mails, inner), deeper - 1)
    # A mail in a report is mostly the one that came back: it comes last.
    for part in sorted(_parts(entity), key=_is_mail):
        if found := _status_part(part, mails, deeper - 1):
            return found
    return None


def _loose_part(mail: _Entity) -> _Entity | None:
    """The part where the MIME around it is broken, or where a mail was forwarded as text."""
    content = mail.content()
    found = _PART_HEADER.search(content)
    if found is None:
        return None
    part = content[found.start(1) :]
    end = _DELIMITER.search(part)
    return _parsed(part if end is None else part[: end.start()])


def _is_mail(entity: _Entity) -> bool:
    return entity.type in _MAILS


def _parts(mail: _Entity) -> Iterator[_Entity]:
    """The first parts of a multipart, with their headers (RFC 2046, section 5.1.1)."""
    boundary = mail.headers.get_boundary()
    if not boundary or mail.headers.get_content_maintype() != "multipart":
        return
    content = mail.content()
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
    """One for each recipient of whom something is reported."""
    text = content.decode("utf-8", "replace")
    for fields in islice(
        _recipients(text.split("\n", _MOST_LINES)[:_MOST_LINES]), _MOST_RECIPIENTS
    ):
        addresses = tuple(dict.fromkeys(_addresses(fields)))
        code = next(iter(enhanced_codes(fields.get("status", ""))), None)
        action = _action(fields.get("action", ""), code)
        if action and addresses:
            smtp_code, words = _diagnostic(fields.get("diagnostic-code", ""))
            yield Status(addresses, action, code, smtp_code, words)


def _recipients(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The fields of each recipient by name, in lower case; the first ones may be of the mail.

    An empty line ends them once it is known who and what; before, it is one too many.
    """
    fields: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if not line.strip():
            name = ""
            if _is_whole(fields):
                yield _joined(fields)
                fields = {}
            continue
        field = _FIELD.match(line)
        begins = field is not None and _is_name(field[1].lower())
        if field and begins:
            name = field[1].lower()
            if name in fields and name in _ONCE:
                yield _joined(fields)
                fields = {}
        if name:
            value = field[2] if field and begins else line
            fields.setdefault(name, []).append(value.strip())
    yield _joined(fields)


def _is_name(name: str) -> bool:
    return name in _NAMES or name.startswith("x-")


def _is_whole(fields: Container[str]) -> bool:
    known = any(name in fields for name in _RECIPIENTS)
    return known and ("action" in fields or "status" in fields)


def _joined(fields: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {name: " ".join(lines)[:_LONGEST_FIELD] for name, lines in fields.items()}


def _action(field: str, code: str | None) -> str | None:
    """As the report names it; where it does not, as its status means (RFC 3463, 2)."""
    word = _WORD.match(field)
    if word:
        return _ACTIONS.get(word[1].lower(), word[1].lower())
    return _ACTION_OF_CLASS[code[0]] if code else None


def _addresses(fields: Mapping[str, str]) -> Iterator[str]:
    """The recipient's, with or without a type before them, and what they stand for in xtext."""
    for name in _RECIPIENTS:
        field = fields.get(name, "")
        kind = _TYPE.match(field)
        if found := _ADDRESS.match(field, kind.end() if kind else 0):
            yield found[1]
            if name == "original-recipient":
                # RFC 3461, 4: not every mail system decodes it.
                yield _XTEXT.sub(lambda each: chr(int(each[1], 16)), found[1])


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
