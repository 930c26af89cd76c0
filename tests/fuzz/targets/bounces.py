"""What comes back from mail systems: reports, as anybody could have written them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests import reports
from tests.contacts import NOW
from tests.fakes import Lines
from tests.fuzz import judging
from tests.fuzz.judging import CANARY, MOST
from tests.fuzz.target import Target, finished
from worker.bounces import Bounces
from worker.return_path import envelope_sender, mail_of
from worker.returned import Bounce, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class _Store:
    """Holds each report against the address that its mail went to."""

    async def put(self, bounces: Sequence[Bounce], now: datetime) -> list[Verdict]:
        del now
        for each in bounces:
            for status in each.statuses:
                # What is put on record of it; addresses are only compared.
                judging.storable((status.action, status.code, status.smtp_code, status.words))
                assert status.smtp_code is None or status.smtp_code < 1000
        return [judge(each, reports.BURGER) for each in bounces]


def report(data: bytes) -> None:
    """By the header that tells to whom it went, and by what the report itself says."""
    lines = Lines()
    bounces = Bounces(_Store(), MOST, lambda: NOW, lines.log)
    came = reports.came(data)
    finished(bounces.take([came, replace(came, headers={})]))
    assert not lines.of("onverwacht"), f"a defect: {lines.all}"
    assert len(lines.of("bounce")) == 2
    judging.secret(lines.all)


def return_path(data: bytes) -> None:
    """Whatever is an address of ours names its mail; whatever else is none."""
    address = data.decode("utf-8", "replace")
    mail = mail_of(address)
    assert mail is None or mail.hex in address.lower()
    if "+" not in address and "@" in address:
        assert mail_of(envelope_sender(address, reports.MAIL)) == reports.MAIL


_NAMED: Final = reports.fields(f"{CANARY}@example.nl", diagnostic=f"smtp; 550 5.1.1 {CANARY}")
BOUNCES: Final = Target(
    report,
    (
        reports.postfix(),
        reports.postfix(_NAMED, reports.fields(action="delayed", status="4.4.1")),
        reports.exchange(),
        reports.exim(),
        reports.in_words(),
        reports.out_of_office(),
        reports.read_receipt(),
        reports.encoded(reports.postfix(), "base64"),
        reports.encoded(reports.postfix(), "quoted-printable"),
        reports.wrapped(reports.postfix(), 2),
    ),
    (
        b"boundary*=utf-8''a%00",
        b"boundary*0=",
        b"boundary*99999=",
        b"report-type*=x''a",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=a\n\n--a\n",
        b"Content-Transfer-Encoding: x-uuencode\n",
        b"Content-Transfer-Encoding: base64\n",
        b"=?utf-8?b?AA==?=",
        b"\x00",
        b"\xff",
        b"\r",
        b"rfc822;",
        b"smtp; 550",
    ),
)
RETURN_PATHS: Final = Target(
    return_path,
    (b"bounces@example.nl", envelope_sender(reports.BOUNCES, reports.MAIL).encode()),
    (b"+", b"@", reports.MAIL.hex.encode()),
)
