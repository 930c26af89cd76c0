"""The finished mail, read back by the standard library's parser."""

from __future__ import annotations

import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.mime import HeaderError, Mailbox, Message, address, build, message_id

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.unit

MAIL = UUID("01936f5e-0000-7000-8000-00000000002a")
MESSAGE = Message(
    mail=MAIL,
    domein="mail.example.nl",
    van=Mailbox("Gemeente Voorbeeld", "noreply@example.nl"),
    aan=Mailbox("Voorbeeld Burger", "burger@example.nl"),
    onderwerp="Nieuw contact over zaak ZAAK-2026-0000001",
    tekst="Beste Voorbeeld Burger,\n",
    html="<!doctype html>\n<p>Beste Voorbeeld Burger,</p>\n",
    taal="nl",
    moment=datetime(2026, 11, 23, 11, 58, 12, tzinfo=timezone(timedelta(hours=1))),
    draad=UUID("01936f5e-0000-5000-8000-00000000002b"),
)

CONTROLS = [chr(code) for code in (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xD800)]
HEADER_CHARACTERS = st.characters(
    exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\xa0"
)
# One line, as rendering hands it over: no look-alike of an encoded word, no odd white space.
HEADER_TEXT = st.text(HEADER_CHARACTERS, max_size=200).map(
    lambda text: " ".join(text.replace("=?", "").split())
)
BODY = st.text(st.characters(codec="utf-8"), max_size=2000)
HARD_WORDS = [
    "",
    "a",
    "Café",
    "é" * 300,
    "woord " * 100 + "eind",
    "x" * 5000,
    "😀👩‍👩‍👧‍👦" * 60,
    "مرحبا بالعالم " * 20 + "نهاية",
    'Jan "de Bakker" \\ Voorbeeld',
    "Voorbeeld, Burger (de) <x@example.nl>; c:d [e]",
    "From me",
    "=20 is a space",
    "is 1+1=?",
]
HARD_BODIES = [
    "",
    "\n",
    "From the start\nFrom here\n",
    ".\n..\n...\n.\n",
    "x" * 5000 + "\n" + "y" * 75 + "\n" + "z" * 76 + "\n" + "w" * 77,
    "spaces at the end \t \nand at the very end  ",
    "=20 =\n==\n=_\n--=_01936f5e000070008000000000000002a--\n",
    "😀👩‍👩‍👧‍👦" * 500,
    "مرحبا بالعالم\u202e\n",
    "\x00\x01\x1b\x7f\x85\u2028\ufeff",
    "one\rtwo\r\nthree\n\rfour\r",
]


def parsed(raw: bytes) -> EmailMessage:
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(raw)
    assert not any(part.defects for part in message.walk())
    return message


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content


def crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_every_header_is_read_back_as_it_was_given() -> None:
    message = parsed(build(MESSAGE))
    assert message["From"] == "Gemeente Voorbeeld <noreply@example.nl>"
    assert message["To"] == "Voorbeeld Burger <burger@example.nl>"
    assert message["Subject"] == MESSAGE.onderwerp
    assert message["Date"] == "Mon, 23 Nov 2026 11:58:12 +0100"
    assert message["Message-ID"] == f"<{MAIL}@mail.example.nl>"
    assert message["References"] == "<01936f5e-0000-5000-8000-00000000002b@mail.example.nl>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "nl"
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "multipart/alternative"
    assert len(message.keys()) == len(set(message.keys())) == 10


def test_the_text_comes_before_the_html_because_the_last_part_is_preferred() -> None:
    kinds = [part.get_content_type() for part in parsed(build(MESSAGE)).iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_the_same_message_gives_the_same_bytes() -> None:
    assert build(MESSAGE) == build(replace(MESSAGE))


@pytest.mark.parametrize("value", HARD_WORDS)
def test_a_difficult_subject_and_name_survive(value: str) -> None:
    survives_in_headers(value)


@given(HEADER_TEXT)
def test_any_subject_and_name_survive(value: str) -> None:
    survives_in_headers(value)


def survives_in_headers(value: str) -> None:
    who = Mailbox(value, "burger@example.nl")
    raw = build(replace(MESSAGE, onderwerp=value, van=who, aan=who))
    message = parsed(raw)
    assert message["Subject"] == value
    for header in ("From", "To"):
        (found,) = message[header].addresses
        assert found.addr_spec == "burger@example.nl"
        # Python 3.11's own parser reads a space between two encoded words of a name (RFC 2047,
        # 6.2 says that there is none): only its older decoder tells them exactly.
        assert found.display_name.replace(" ", "") == value.replace(" ", "")
        assert older_name(raw, header) == value


def older_name(raw: bytes, header: str) -> str:
    name, _ = parseaddr(message_from_bytes(raw)[header])
    return str(make_header(decode_header(name)))


@given(BODY, BODY)
@example("", "")
def test_any_text_survives_in_both_parts(tekst: str, html: str) -> None:
    message = parsed(build(replace(MESSAGE, tekst=tekst, html=html)))
    assert part(message, "plain") == crlf(tekst)
    assert part(message, "html") == crlf(html)


@pytest.mark.parametrize("body", HARD_BODIES)
def test_a_difficult_text_survives_in_both_parts(body: str) -> None:
    message = parsed(build(replace(MESSAGE, tekst=body, html=body)))
    assert part(message, "plain") == part(message, "html") == crlf(body)


def test_half_a_surrogate_pair_in_a_text_becomes_a_question_mark() -> None:
    assert part(parsed(build(replace(MESSAGE, tekst="a\ud800b"))), "plain") == "a?b"


@given(HEADER_TEXT, BODY)
@example("é" * 200, "x" * 1000)
@example("😀" * 200, "😀" * 1000)
@example("", "a\rb")
def test_lines_end_in_crlf_and_are_ascii_of_76_characters_at_most(words: str, body: str) -> None:
    who = Mailbox(words, "burger@example.nl")
    raw = build(replace(MESSAGE, onderwerp=words, van=who, aan=who, tekst=body, html=body))
    *lines, last = raw.split(b"\r\n")
    assert last == b""
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert raw.isascii()
    assert max(map(len, lines)) <= 78
    assert all(len(line) <= 76 for line in lines if b"=?" in line)
    assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))


@pytest.mark.parametrize("body", HARD_BODIES)
def test_the_boundary_occurs_in_no_part(body: str) -> None:
    boundary = f"=_{MAIL.hex}"
    raw = build(replace(MESSAGE, tekst=f"--{boundary}\n{body}", html=f"--{boundary}--"))
    assert raw.count(boundary.encode()) == 4  # the header, two openings, the end


def test_a_mostly_ascii_word_is_encoded_so_that_it_stays_legible() -> None:
    raw = build(replace(MESSAGE, onderwerp="Café aan de gracht in het centrum"))
    assert b"Subject: =?utf-8?q?Caf=C3=A9_aan_de_gracht" in raw


def test_a_word_in_another_script_is_encoded_in_base64() -> None:
    assert b"Subject: =?utf-8?b?" in build(replace(MESSAGE, onderwerp="مرحبا"))


CHANGES: dict[str, Callable[[str], Message]] = {
    "From": lambda value: replace(MESSAGE, van=Mailbox(value, "a@example.nl")),
    "To": lambda value: replace(MESSAGE, aan=Mailbox(value, "a@example.nl")),
    "Subject": lambda value: replace(MESSAGE, onderwerp=value),
    "Content-Language": lambda value: replace(MESSAGE, taal=value),
    "Message-ID": lambda value: replace(MESSAGE, domein=value),
}


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
@pytest.mark.parametrize("header", CHANGES)
def test_a_control_character_in_a_header_is_refused(header: str, control: str) -> None:
    for value in (f"geheim{control}Bcc: x@example.nl", f"geheim{control}"):
        with pytest.raises(HeaderError) as refused:
            build(CHANGES[header](value))
        assert refused.value.header == header
        assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "value", ["=?UTF-8?Q?=0A?=Bcc: geheim@example.nl", "geheim =?x?=", "=?utf-8?b?Z2VoZWlt?="]
)
@pytest.mark.parametrize("header", CHANGES)
def test_what_looks_like_an_encoded_word_is_refused(header: str, value: str) -> None:
    with pytest.raises(HeaderError, match=f"^{header}: ") as refused:
        build(CHANGES[header](value))
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("character", [*CONTROLS, *' <>,;:"()[]\\'], ids=ascii)
@pytest.mark.parametrize("shape", ["ge{}heim@example.nl", "geheim@exam{}ple.nl", "geheim@x.nl{}"])
def test_a_character_that_could_end_an_address_is_refused(shape: str, character: str) -> None:
    value = shape.format(character)
    with pytest.raises(HeaderError, match=r"^To: ") as refused:
        build(replace(MESSAGE, aan=Mailbox("", value)))
    assert "heim" not in str(refused.value)


@pytest.mark.parametrize(
    ("adres", "reason"),
    [
        ("", "address has no @"),
        ("geheim", "address has no @"),
        ("@example.nl", "address has a character that is not allowed"),
        ("a@b@example.nl", "address has a character that is not allowed"),
        ("=?x?q?a?=@example.nl", "address has a character that is not allowed"),
        ("a" * 65 + "@example.nl", "address has a character that is not allowed"),
        ("rené@example.nl", "address needs SMTPUTF8"),
        ("a@", "domain is not valid"),
        ("a@-example.nl", "domain is not valid"),
        ("a@example..nl", "domain is not valid"),
        ("a@[127.0.0.1]", "domain is not valid"),
        ("a@é..nl", "domain is not valid"),
        ("a@" + "é" * 70 + ".nl", "domain is not valid"),
        ("a@straße.example", "domain must be given in its xn-- form"),
        ("a@" + ".".join(["b" * 60] * 5), "address is too long"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_the_reason(adres: str, reason: str) -> None:
    with pytest.raises(HeaderError) as refused:
        address("To", adres)
    assert str(refused.value) == f"To: {reason}"
    assert refused.value.reason == reason
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("adres", "ascii_form"),
    [
        ("burger@example.nl", "burger@example.nl"),
        ("Jan.de-Boer+zaak@Sub.Example.NL", "Jan.de-Boer+zaak@Sub.Example.NL"),
        ("o'brien..x=1@example.nl", "o'brien..x=1@example.nl"),
        ("a@localhost", "a@localhost"),
        ("a@café.example.nl", "a@xn--caf-dma.example.nl"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
    ],
)
def test_an_address_is_given_in_the_form_that_smtp_takes(adres: str, ascii_form: str) -> None:
    assert address("To", adres) == ascii_form
    (found,) = parsed(build(replace(MESSAGE, aan=Mailbox("", adres))))["To"].addresses
    assert (found.display_name, found.addr_spec) == ("", ascii_form)


def test_the_longest_address_is_accepted_beside_a_long_name() -> None:
    adres = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.nl"
    raw = build(replace(MESSAGE, aan=Mailbox("N" * 60, adres)))
    (found,) = parsed(raw)["To"].addresses
    assert (found.display_name, found.addr_spec) == ("N" * 60, adres)


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(HeaderError, match=r"^Date: moment has no offset$"):
        build(replace(MESSAGE, moment=datetime(2026, 11, 23)))  # noqa: DTZ001 - the point


def test_a_moment_in_utc_is_written_with_its_offset() -> None:
    raw = build(replace(MESSAGE, moment=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert b"\r\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\n" in raw


def test_the_message_id_stays_the_same_for_a_mail() -> None:
    assert message_id(MAIL, "mail.example.nl") == f"<{MAIL}@mail.example.nl>"
