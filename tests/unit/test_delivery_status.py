"""Reading what mail systems report, in the shapes that they have."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import reports
from tests.reports import BURGER, fields
from worker.delivery_status import Report, Status, read

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[bytes], bytes]

SAMPLES = [
    reports.postfix(),
    reports.postfix(fields("een@example.nl"), fields("twee@example.nl", "delayed", "4.4.1")),
    reports.exchange(),
    reports.exim(),
    reports.without_report(),
    reports.diagnostic_first(reports.postfix()),
    reports.forwarded(reports.postfix()),
    reports.wrapped(reports.postfix()),
    reports.encoded(reports.postfix(), "base64"),
    reports.read_receipt(),
    reports.out_of_office(),
]


def only(body: bytes) -> Status:
    (status,) = read(body).statuses
    return status


def test_a_report_of_postfix_tells_who_what_and_why() -> None:
    assert only(reports.postfix()) == Status(
        (BURGER,),
        "failed",
        "5.1.1",
        550,
        f"550 5.1.1 <{BURGER}>: Recipient address rejected",
    )


def test_a_report_of_exchange_is_read_whatever_its_capitals_and_line_ends() -> None:
    status = only(reports.exchange())
    assert status.addresses == ("Burger@Example.NL",)
    assert (status.action, status.code, status.smtp_code) == ("failed", "5.1.10", 550)
    assert status.words.endswith("Recipient Burger@Example.NL not found by SMTP address lookup")


def test_a_report_of_exim_is_read_though_its_fields_stand_in_another_order() -> None:
    status = only(reports.exim())
    assert (status.addresses, status.code, status.smtp_code) == ((BURGER,), "5.0.0", 550)


def test_a_report_of_opensmtpd_is_read_though_it_is_no_multipart_report() -> None:
    status = only(reports.without_report())
    assert (status.addresses, status.action, status.code) == ((BURGER,), "failed", "5.0.0")


def test_an_original_recipient_in_xtext_is_read_as_it_is_and_as_it_was() -> None:
    told = fields("buren@example.nl").replace("rfc822;buren@", "rfc822;burger+2Bbuur@")
    assert only(reports.postfix(told)).addresses == (
        "buren@example.nl",
        "burger+2Bbuur@example.nl",
        "burger+buur@example.nl",
    )


def test_recipients_that_no_empty_line_parts_are_two() -> None:
    told = fields("een@example.nl") + fields("twee@example.nl", "delayed", "4.4.1")
    found = [(each.addresses[0], each.action) for each in read(reports.postfix(told)).statuses]
    assert found == [("een@example.nl", "failed"), ("twee@example.nl", "delayed")]


def test_a_second_diagnostic_is_of_the_same_recipient() -> None:
    told = fields() + "Diagnostic-Code: smtp; 550 weg\n"
    assert only(reports.postfix(told)).words.endswith("550 weg")


def test_a_report_is_read_up_to_a_number_of_lines_and_no_more() -> None:
    def after(lines: int) -> bytes:
        return b"Content-Type: message/delivery-status\n\n" + b"\n" * lines + fields().encode()

    assert only(after(9_900)).addresses == (BURGER,)
    assert read(after(10_000)).statuses == ()


@pytest.mark.parametrize(
    ("status", "action"), [("5.1.1", "failed"), ("4.4.1", "delayed"), ("2.0.0", "delivered")]
)
def test_without_an_action_the_status_tells_it(status: str, action: str) -> None:
    told = fields(status=status).replace("Action: failed\n", "")
    assert only(reports.postfix(told)).action == action


def test_a_forwarded_report_also_says_to_whom_it_was_sent_itself() -> None:
    report = read(reports.forwarded(reports.postfix()))
    assert report.sent_to == ("klantcontact@example.nl", *read(reports.postfix()).sent_to)


def test_each_recipient_of_a_report_is_told_of() -> None:
    told = (
        fields("een@example.nl"),
        fields("twee@example.nl", "delayed", "4.4.1"),
        fields("drie@example.nl", "delivered", "2.0.0"),
    )
    found = [
        (each.addresses[0], each.action, each.code)
        for each in read(reports.postfix(*told)).statuses
    ]
    assert found == [
        ("een@example.nl", "failed", "5.1.1"),
        ("twee@example.nl", "delayed", "4.4.1"),
        ("drie@example.nl", "delivered", "2.0.0"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b"\n", b"\r\n"),
        lambda body: reports.encoded(body, "base64"),
        lambda body: reports.encoded(body, "quoted-printable"),
        lambda body: reports.encoded(body, "base64").replace(b"\n", b"\r\n"),
        reports.wrapped,
        lambda body: reports.wrapped(body, 3),
        lambda body: body.replace(b"message/delivery-status", b"message/global-delivery-status"),
        lambda body: body.replace(b" report-type=delivery-status;", b""),
        lambda body: body.replace(b"multipart/report", b"multipart/mixed"),
        reports.forwarded,
        lambda body: reports.forwarded(reports.wrapped(body)),
        reports.forwarded_as_text,
        lambda body: body.replace(b'boundary="4F1', b'boundary="5F1'),
        lambda body: body.replace(b"-Recipient:", b"-Recipient :"),
        lambda body: re.sub(rb"-Recipient: rfc822; ?", b"-Recipient: ", body),
        lambda body: body.replace(b"rfc822; burger@example.nl", b"rfc822; burger@example.nl (weg)"),
        lambda body: body.replace(b"Status: 5.1.1", b"Status: 5.1.1;"),
        lambda body: body.replace(b"Action: failed", b"Action: failure"),
        lambda body: body.replace(b"Action: failed\n", b""),
        lambda body: body.replace(b"address rejected", b"address\nrejected"),
        reports.diagnostic_first,
        lambda body: body.replace(b"Action: failed\n", b"\nAction: failed\n"),
        lambda body: body[: body.index(b"\n--4F1Xyz0Q2Kz9.1795435200/mail.example.nl--")],
        lambda body: body[: body.index(b"Content-Description: Undelivered")],
        lambda body: body[: body.index(b"rejected") + len(b"rejected")],
        lambda body: body.replace(b"Status: 5.1.1", b"Status: 5.1.1 (bad mailbox)"),
        lambda body: body.replace(b"Action: failed", b"ACTION:Failed (permanently)"),
        lambda body: body.replace(b"rfc822; burger@example.nl", b"rfc822;<burger@example.nl>"),
    ],
    ids=[
        "CRLF", "base64", "quoted-printable", "base64 in CRLF", "in a multipart", "deep in some",
        "global", "no report-type", "multipart/mixed", "forwarded", "wrapped and forwarded",
        "forwarded as text", "another boundary", "space before the colon", "no address type",
        "comment behind the address", "semicolon behind the status", "failure", "no action",
        "not indented", "diagnostic first and not indented", "an empty line too many",
        "not closed", "cut off", "cut earlier", "comment in the status",
        "comment in the action", "angle brackets",
    ],
)  # fmt: skip
def test_the_same_report_in_another_wrapping_says_the_same(change: Change) -> None:
    assert read(change(reports.postfix())).statuses == read(reports.postfix()).statuses


def test_of_a_report_that_came_back_in_a_report_the_outer_one_counts() -> None:
    inner = reports.postfix(fields("ander@example.nl"))
    body = (
        b"Content-Type: multipart/report; boundary=b\n\n"
        b"--b\nContent-Type: message/rfc822\n\n" + inner + b"\n"
        b"--b\nContent-Type: message/delivery-status\n\n" + fields().encode() + b"\n--b--\n"
    )
    assert only(body).addresses == (BURGER,)


def test_addresses_beyond_ascii_are_read_as_they_are() -> None:
    body = reports.postfix(fields("jos\u00e9@b\u00fccher.example"))
    assert only(body).addresses[0] == "jos\u00e9@b\u00fccher.example"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("5.1.1", "5.1.1"),
        ("4.4.7", "4.4.7"),
        ("5.999.123", "5.999.123"),
        ("5.1", None),
        ("5.1.1.1", None),
        ("550", None),
        ("6.1.1", None),
        (BURGER, None),
        ("", None),
    ],
)
def test_a_status_is_three_numbers_or_none(status: str, code: str | None) -> None:
    assert only(reports.postfix(fields(status=status))).code == code


@pytest.mark.parametrize(
    ("diagnostic", "smtp_code", "words"),
    [
        ("smtp; 550 weg", 550, "550 weg"),
        ("SMTP;450-later\n 450 nog later", 450, "450-later 450 nog later"),
        ("smtp; 5501 weg", None, "5501 weg"),
        ("x-postfix; 550 weg", None, "550 weg"),
        ("550 weg", None, "550 weg"),
        ("smtp; weg\x00\x1b[31m", None, "weg??[31m"),
        ("smtp; 550 " + "x" * 5000, 550, "550 " + "x" * 1996),
    ],
    ids=["plain", "two lines", "no code", "not of SMTP", "no type", "control characters", "long"],
)
def test_the_mail_servers_words_are_on_one_line_that_can_be_shown(
    diagnostic: str, smtp_code: int | None, words: str
) -> None:
    status = only(reports.postfix(fields(diagnostic=diagnostic)))
    assert (status.smtp_code, status.words) == (smtp_code, words)


def test_what_the_mail_that_came_back_says_itself_counts_for_nothing() -> None:
    """The original quotes fields of a status, and an envelope sender."""
    report = read(reports.postfix())
    assert [each.addresses for each in report.statuses] == [(BURGER,)]
    assert not any("f" * 32 in each for each in report.sent_to)


@pytest.mark.parametrize(
    ("body", "automatic"),
    [
        (reports.out_of_office(), True),
        (reports.read_receipt(), True),
        (reports.in_words(), False),
        (reports.postfix().replace(b"message/delivery-status", b"text/plain"), False),
        (b"Content-Type: multipart/report; boundary=b\n\n--b\n\n--b--", False),
        (b"Auto-Submitted: no\n\nDag", False),
        (b"Subject: vraag\n\nWat betekent dit?", False),
        (b"", False),
    ],
    ids=[
        "out of office",
        "read receipt",
        "in words",
        "no status",
        "no kind",
        "by hand",
        "question",
        "empty",
    ],
)
def test_what_is_no_report_is_an_automatic_answer_or_nothing(
    body: bytes, *, automatic: bool
) -> None:
    report = read(body)
    assert (report.statuses, report.automatic) == ((), automatic)


def _nested(count: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (each, each)
        for each in range(count)
    )
    return opened + b"\n" + b"x\n" * 10_000


@pytest.mark.parametrize(
    "body",
    [
        _nested(5000),
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 200_000,
        b"Content-Type: multipart/report" + b";a" * 300_000 + b"; boundary=b\n\n--b\n\n--b--",
        b'Content-Type: multipart/report; boundary="' + b'";' * 300_000 + b"\n\n",
        b"X: y\n" * 200_000,
        b"To: " + b"(" * 1_000_000,
        reports.postfix(*["Final-Recipient: rfc822; x\nAction: failed\n"] * 20_000),
        reports.postfix(fields().replace(": ", ": " + "\n\t " * 100_000, 1)),
        b"Content-Type: message/rfc822\n\n" * 20_000 + b"x\n" * 300_000,
        b"Content-Type: message/delivery-status\n" * 25_000,
        b"Content-Type: text/plain\n\n" + b"Content-Type: message/delivery-status\n" * 25_000,
        b"Content-Type: message/delivery-status\n\n" + b"\n" * 1_000_000,
        b"Content-Type: message/delivery-status\n\nDiagnostic-Code: " + b"a\n" * 500_000,
        b"Content-Type: message/delivery-status\n\nStatus: " + b"5." * 500_000,
        b"Content-Type: message/delivery-status\n\nOriginal-Recipient: " + b"+41" * 300_000,
        b"Content-Type: multipart/report; boundary=\xff\xfe\n\n--\xff\xfe\n\n",
        b"Content-Type: multipart/report; boundary*0*=utf-16''%D8; boundary*1=x\n\n--b",
    ],
    ids=[
        "nested", "many parts", "many parameters", "many quotes", "many headers", "many comments",
        "many recipients", "long field", "many mails", "many types", "many types in a text",
        "many empty lines", "many lines", "long status", "much xtext", "no text",
        "encoded boundary",
    ],
)  # fmt: skip
def test_what_is_made_to_take_long_is_read_all_the_same(body: bytes) -> None:
    assert len(read(body).statuses) <= 100


def _mangled(body: bytes, seed: int, edits: int) -> bytes:
    """Bytes changed, lines doubled, taken out and swapped: as mails are that were damaged."""
    chance = random.Random(seed)
    lines = body.split(b"\n")
    for _ in range(edits):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                lines[at] = bytes(chance.randrange(256) for _ in range(chance.randrange(80)))
            case 1:
                lines[at], lines[other] = lines[other], lines[at]
            case 2:
                lines.insert(at, lines[other] * chance.randrange(1, 4))
            case 3 if len(lines) > 1:
                del lines[at]
            case _:
                lines[at] = re.sub(
                    rb"[a-z]", lambda _: b"%c" % chance.randrange(256), lines[at], count=2
                )
    return b"\n".join(lines)


@given(st.sampled_from(SAMPLES), st.integers(0), st.integers(1, 40))
def test_a_damaged_report_never_raises_and_holds_nothing_that_cannot_be_stored(
    body: bytes, seed: int, edits: int
) -> None:
    _is_storable(read(_mangled(body, seed, edits)))


@given(st.binary(max_size=300))
def test_whatever_bytes_come_they_can_be_read(body: bytes) -> None:
    _is_storable(read(body))


def _is_storable(report: Report) -> None:
    for each in report.statuses:
        assert each.words.isprintable()
        assert each.action.isalpha()
        assert each.code is None or re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", each.code)
        each.words.encode()
