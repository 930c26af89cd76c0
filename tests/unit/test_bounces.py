"""The way of a report: matched by where it was sent to, held against its mail's recipient."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests import reports
from tests.contacts import NOW
from tests.fakes import FakeLane, Lines
from tests.reports import BOUNCES, BURGER, MAIL, came, fields
from tests.suspected import work
from worker import delivery_status
from worker.bounces import Bounces
from worker.delivery_status import Status
from worker.errors import BatchRejected, Outage
from worker.returned import Bounce, Outcome, Verdict, judge, matched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from worker.envelope import Delivery

MOST = 1024 * 1024
OTHER = UUID(int=7)


def read(delivery: Delivery) -> Bounce | Verdict:
    return matched(delivery, delivery_status.read(delivery.body))


def bounce(body: bytes) -> Bounce:
    found = read(came(body))
    assert isinstance(found, Bounce)
    return found


def verdict(*told: str, adres: str = BURGER) -> Verdict:
    return judge(bounce(reports.postfix(*told)), adres)


def test_the_header_ontvanger_names_the_mail_whatever_the_report_says() -> None:
    found = read(came(reports.postfix(mail=OTHER)))
    assert isinstance(found, Bounce)
    assert found.mail == MAIL
    assert read(came(reports.postfix(), headers={"ontvanger": BOUNCES})) == Verdict(Outcome.UNKNOWN)


@pytest.mark.parametrize("headers", [{}, {"ontvanger": None}, {"ontvanger": ["x"]}])
@pytest.mark.parametrize("report", [reports.postfix, reports.exchange, reports.exim])
def test_without_that_header_the_reports_own_name_it(
    report: Callable[[], bytes], headers: dict[str, object]
) -> None:
    found = read(came(report(), headers=headers))
    assert isinstance(found, Bounce)
    assert found.mail == MAIL


def test_a_report_that_was_sent_to_no_mail_is_of_an_unknown_one() -> None:
    token = f"+{MAIL.hex}".encode()
    assert read(came(reports.postfix().replace(token, b""), None)) == Verdict(Outcome.UNKNOWN)


def test_the_same_report_is_known_by_its_content_and_its_mail() -> None:
    one = bounce(reports.postfix())
    assert one.id == bounce(reports.postfix()).id
    others = [came(reports.postfix(subject="Delayed")), came(reports.postfix(), OTHER)]
    found = [read(each) for each in others]
    assert len({one.id, *(each.id for each in found if isinstance(each, Bounce))}) == 3


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (reports.out_of_office(), Outcome.PASSED_OVER),
        (reports.read_receipt(), Outcome.PASSED_OVER),
        (reports.in_words(), Outcome.UNREADABLE),
        (b"", Outcome.UNREADABLE),
    ],
    ids=["out of office", "read receipt", "in words", "empty"],
)
def test_what_is_no_report_is_passed_over_or_unreadable(body: bytes, outcome: Outcome) -> None:
    assert read(came(body)) == Verdict(outcome)


@pytest.mark.parametrize(
    ("status", "marks"),
    [
        ("5.1.1", True),
        ("5.1.2", True),
        ("5.1.3", True),
        ("5.1.6", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.1.0", False),
        ("5.1.7", False),
        ("5.1.8", False),
        ("5.2.2", False),
        ("5.4.4", False),
        ("5.7.1", False),
        ("5.0.0", False),
        ("4.1.1", False),
        ("4.4.7", False),
        ("", False),
    ],
)
def test_only_what_is_the_matter_with_the_address_marks_it(status: str, *, marks: bool) -> None:
    found = verdict(fields(status=status))
    assert (found.outcome, found.undeliverable) == (Outcome.CAME_BACK, status if marks else None)


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("failed", Outcome.CAME_BACK),
        ("expired", Outcome.CAME_BACK),
        ("delayed", Outcome.DELAYED),
        ("delivered", Outcome.PASSED_OVER),
        ("relayed", Outcome.PASSED_OVER),
        ("expanded", Outcome.PASSED_OVER),
        ("verdwenen", Outcome.PASSED_OVER),
    ],
)
def test_the_action_says_what_became_of_it(action: str, outcome: Outcome) -> None:
    found = verdict(fields(action=action))
    assert found.outcome is outcome
    assert found.undeliverable == ("5.1.1" if action == "failed" else None)


def test_of_several_recipients_the_mails_own_counts() -> None:
    told = fields("ander@example.nl"), fields(action="delayed", status="4.4.1")
    assert verdict(*told).outcome is Outcome.DELAYED
    assert verdict(*told, adres="ander@example.nl").outcome is Outcome.CAME_BACK
    assert verdict(*told, adres="derde@example.nl") == Verdict(Outcome.UNKNOWN)


def test_for_one_recipient_a_failure_counts_before_a_delay() -> None:
    told = fields(action="delayed", status="4.4.1"), fields(), fields(action="relayed")
    assert verdict(*told).outcome is Outcome.CAME_BACK


@pytest.mark.parametrize(
    ("adres", "reported"),
    [
        ("Burger@Example.NL", BURGER),
        (BURGER, "BURGER@EXAMPLE.NL"),
        ("burger@b\u00fccher.example", "burger@xn--bcher-kva.example"),
        ("burger@b\u00fccher.example", "burger@B\u00fccher.example"),
        ("Geen-adres", "geen-adres"),
    ],
)
def test_addresses_are_the_same_in_other_capitals_and_in_ascii(adres: str, reported: str) -> None:
    assert verdict(fields(reported), adres=adres).outcome is Outcome.CAME_BACK


@dataclass
class FakeStore:
    """Says of every report that it came back; `rejects` says what the database refuses."""

    rejects: Callable[[Bounce], bool] = lambda _: False
    error: Exception = field(default_factory=lambda: BatchRejected("SQLSTATE 22021"))
    kept: list[Bounce] = field(default_factory=list)
    asked: int = 0

    async def put(self, bounces: Sequence[Bounce], now: datetime) -> list[Verdict]:
        assert now == NOW
        self.asked += 1
        if any(map(self.rejects, bounces)):
            raise self.error
        self.kept += bounces
        return [judge(each, BURGER) for each in bounces]


async def take(store: FakeStore, *batch: Delivery) -> Lines:
    lines, lane = Lines(), FakeLane([list(batch)])
    await work(Bounces(store, MOST, lambda: NOW, lines.log), lane)
    assert lane.settled == 1
    return lines


async def test_each_report_leaves_one_line_with_ids_and_codes_alone() -> None:
    odd = came(b"", message_id="r-3"), came(reports.postfix() + b"x" * MOST, message_id="r-4")
    away = came(reports.out_of_office(), message_id="r-2")
    lines = await take(FakeStore(), came(reports.postfix(), message_id="r-1"), away, *odd)
    told = {line["bericht"]: line for line in lines.of("bounce")}
    assert told["r-1"] == {
        "event": "bounce",
        "level": "info",
        "outcome": "teruggekomen",
        "bericht": "r-1",
        "mail": str(MAIL),
        "status": "5.1.1",
        "onbestelbaar": "5.1.1",
    }
    assert [told[f"r-{each}"]["outcome"] for each in (2, 3, 4)] == [
        "overgeslagen",
        "onleesbaar",
        "onleesbaar",
    ]
    assert len(lines.all) == 4
    assert "example.nl" not in str(lines.all)


async def test_where_nothing_is_to_be_kept_the_store_is_not_asked() -> None:
    store = FakeStore()
    await take(store, came(b""), came(reports.out_of_office()))
    assert store.asked == 0


def _is_other(bounce: Bounce) -> bool:
    return bounce.mail == OTHER


@pytest.mark.parametrize("error", [BatchRejected("SQLSTATE 22021"), ZeroDivisionError("GEHEIM")])
async def test_a_report_that_cannot_be_kept_stops_none_of_the_others(error: Exception) -> None:
    batch = [came(reports.postfix(), UUID(int=each)) for each in range(1, 12)]
    store = FakeStore(rejects=_is_other, error=error)
    lines = await take(store, *batch)
    assert [each.mail.int for each in store.kept] == [*range(1, 7), *range(8, 12)]
    (line,) = lines.of("onverwacht")
    assert line["bericht"] == batch[6].message_id
    assert [each["outcome"] for each in lines.of("bounce")].count("onverwacht") == 1
    assert "GEHEIM" not in str(lines.all)


async def test_what_is_given_up_is_a_line_in_the_log_and_no_more() -> None:
    store, lines = FakeStore(), Lines()
    await Bounces(store, MOST, lambda: NOW, lines.log).condemn([came(reports.postfix())])
    (line,) = lines.of("bounce")
    assert (line["outcome"], line["mail"], store.kept) == ("onverwacht", None, [])


async def test_in_an_outage_nothing_is_acknowledged_and_nothing_is_halved() -> None:
    lines, lane = Lines(), FakeLane([[came(reports.postfix()), came(reports.exim())]])
    store = FakeStore(rejects=lambda _: True, error=Outage("down"))
    with pytest.raises(Outage, match="down"):
        await work(Bounces(store, MOST, lambda: NOW, lines.log), lane)
    assert (lane.settled, lines.all) == (0, [])


def test_what_becomes_of_a_report_is_in_the_docs_and_so_are_the_codes_that_mark() -> None:
    page = (Path(__file__).parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")
    _, _, section = page.partition("### Bounces\n")
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)[1:] == [*Outcome]
    (codes,) = re.findall(r"about the address \(([\d., ]+)\)", section)
    for status in [*codes.split(", "), "5.1.0", "5.1.5", "5.1.7", "5.1.8", "5.1.9", "5.2.2"]:
        marks = verdict(fields(status=status)).undeliverable is not None
        assert marks is (status in codes.split(", "))


def test_a_mail_that_was_sent_on_and_refused_elsewhere_came_back_and_marks_nothing() -> None:
    elsewhere = "burger@elders.example"
    status = Status((elsewhere, BURGER), "failed", "5.1.1", 550, "550 5.1.1 weg")
    sent_on = Bounce(MAIL, MAIL, (status,))
    assert judge(sent_on, BURGER) == Verdict(Outcome.CAME_BACK, status)
    assert judge(sent_on, elsewhere) == Verdict(Outcome.CAME_BACK, status, "5.1.1")


def test_the_code_in_the_words_counts_where_the_report_has_none() -> None:
    status = Status((BURGER,), "failed", None, 550, "550 5.1.1 weg")
    assert judge(Bounce(MAIL, MAIL, (status,)), BURGER).undeliverable == "5.1.1"
