from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.contacts import NOW, ZAAK, delivery
from tests.facts import applicatie, autorisatie, betrokkene, register, zaak, zaaktype
from tests.fakes import FakeLane, FakeRegister, Lines
from tests.suspected import work
from worker.condemned import DEADLY
from worker.domain.register import Zaak, rank
from worker.errors import BatchRejected, Refusal
from worker.importing import Import, import_lines
from worker.register import DatedFact, ZakenIntake, dated, parse_fact

if TYPE_CHECKING:
    from worker.envelope import Delivery

SKEW = timedelta(seconds=60)


def fact(content: bytes | None = None, **properties: object) -> Delivery:
    given = {"queue": "klantcontact.zaken", "user_id": "zaaksysteem", **properties}
    return delivery(orjson.dumps(zaak()) if content is None else content, **given)


async def take(*batch: Delivery) -> tuple[FakeRegister, Lines, FakeLane]:
    store, lines, lane = FakeRegister(), Lines(), FakeLane([list(batch)])
    story = ZakenIntake(store, "zaaksysteem", SKEW, 1024 * 1024, lambda: NOW, lines.log)
    await work(story, lane)
    return store, lines, lane


async def test_a_zaak_is_stored_as_of_the_time_it_was_sent() -> None:
    sent = NOW - timedelta(hours=1)
    store, lines, lane = await take(fact(timestamp=sent))
    assert store.facts["zaak", ZAAK].time == sent
    assert lines.of("zaken")[0]["stored"] == 1
    assert (lane.settled, store.by) == (1, ["zaaksysteem"])


async def test_the_time_in_a_fact_comes_before_the_time_it_was_sent() -> None:
    store, _, _ = await take(fact(orjson.dumps(zaak(time="2026-11-02T00:00:00Z"))))
    assert store.facts["zaak", ZAAK].time.day == 2


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        (fact(user_id="callcenter"), "applicatie-onbekend", "user_id"),
        (fact(user_id=None), "applicatie-onbekend", "user_id"),
        (fact(orjson.dumps(zaaktype())), "bericht-ongeldig", "soort"),
        (fact(orjson.dumps(autorisatie("rol", "r"))), "bericht-ongeldig", "soort"),
        (fact(b"{"), "bericht-onleesbaar", None),
        (fact(b"{}"), "bericht-ongeldig", None),
        (fact(orjson.dumps({"soort": "buur"})), "bericht-ongeldig", None),
        (fact(orjson.dumps(zaak(kleur="x"))), "bericht-ongeldig", "zaak.kleur"),
        (fact(timestamp=NOW + timedelta(seconds=61)), "bericht-ongeldig", "time"),
        (fact(content_type="text/plain"), "bericht-onleesbaar", "content_type"),
    ],
)
async def test_what_is_no_fact_of_the_zaaksysteem_is_refused_and_the_others_are_stored(
    sent: Delivery, code: str, field: str | None
) -> None:
    store, _, lane = await take(sent, fact())
    (rejected,) = store.rejected
    assert (str(rejected.code), rejected.violations[0].field) == (code, field)
    assert (len(store.facts), lane.settled) == (1, 1)


@pytest.mark.parametrize("given", register())
def test_each_kind_of_fact_is_understood(given: dict[str, Any]) -> None:
    assert parse_fact(orjson.dumps(given)).soort == given["soort"]


@pytest.mark.parametrize(
    "given",
    [
        zaak(vertrouwelijkheidaanduiding="heel geheim"),
        zaak(einddatum="gisteren"),
        zaak(betrokkenen=[betrokkene()] * 501),
        zaak(betrokkenen=[betrokkene(naam="\x00")]),
        zaaktype(klantcontactenToegestaan="ja"),
        applicatie(types=["fax"]),
        autorisatie("buur", "b"),
        autorisatie("rol", "b", scopes="alles"),
    ],
)
def test_a_fact_that_breaks_the_contract_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="bericht-ongeldig"):
        parse_fact(orjson.dumps(given))


def test_a_fact_may_be_as_far_ahead_as_a_clock_may_be() -> None:
    parsed = parse_fact(orjson.dumps(zaak()))
    assert dated(parsed, NOW + SKEW, NOW, SKEW).time == NOW + SKEW
    with pytest.raises(Refusal):
        dated(parsed, NOW + SKEW + timedelta(microseconds=1), NOW, SKEW)


def test_confidentiality_rises_in_the_order_of_the_standard() -> None:
    assert [rank("openbaar"), rank("zaakvertrouwelijk"), rank("zeer_geheim")] == [1, 4, 8]


async def imported(
    content: bytes, store: FakeRegister | None = None, sent: datetime | None = NOW
) -> tuple[Import, FakeRegister, list[int]]:
    kept = store or FakeRegister()
    advanced: list[int] = []
    report = await import_lines(
        io.BytesIO(content),
        kept,
        now=NOW,
        sent=sent,
        skew=SKEW,
        by="beheerder",
        advance=advanced.append,
    )
    return report, kept, advanced


def lines(*facts: dict[str, Any] | bytes) -> bytes:
    return b"\n".join(each if isinstance(each, bytes) else orjson.dumps(each) for each in facts)


async def test_a_file_of_facts_is_stored() -> None:
    report, store, advanced = await imported(lines(*register()))
    assert (report.lines, report.stored, report.bad) == (5, 5, [])
    assert (store.by, sum(advanced)) == (["beheerder"], 5)


async def test_a_bad_line_is_reported_by_its_number_and_the_others_are_stored() -> None:
    content = lines(zaak(identificatie="Z-1"), b"", b"{", zaak(kleur="x"), zaak())
    report, store, _ = await imported(content)
    assert [(each.number, each.reason) for each in report.bad] == [
        (3, "the body is not JSON in UTF-8"),
        (4, "zaak.kleur: this field is not in the contract"),
    ]
    assert (report.lines, report.stored, len(store.facts)) == (4, 2, 2)


async def test_a_line_without_a_time_needs_one_to_be_given() -> None:
    report, _, _ = await imported(lines(zaak(), zaak(time="2026-11-01T00:00:00Z")), sent=None)
    assert [each.number for each in report.bad] == [1]
    assert "--time" in report.bad[0].reason
    assert report.stored == 1


async def test_a_line_of_the_future_is_a_bad_line() -> None:
    report, _, _ = await imported(lines(zaak(time="2030-01-01T00:00:00Z")))
    assert [each.reason.partition(":")[0] for each in report.bad] == ["time"]


async def test_lines_that_the_database_refuses_are_found_among_many() -> None:
    def rejects(given: DatedFact) -> bool:
        return given.fact.identificatie in {"Z-7", "Z-600"}

    content = lines(*(zaak(identificatie=f"Z-{number}") for number in range(1, 1201)))
    report, store, advanced = await imported(content, FakeRegister(rejects=rejects))
    assert [each.number for each in report.bad] == [7, 600]
    assert (report.lines, report.stored, len(store.facts)) == (1200, 1198, 1198)
    assert advanced == [500, 500, 200]


async def test_an_empty_file_is_nothing_to_store() -> None:
    report, _, _ = await imported(b"\n\n")
    assert (report.lines, report.stored, report.bad) == (0, 0, [])


async def test_a_dead_letter_that_cannot_be_kept_is_not_acknowledged() -> None:
    store, lane = FakeRegister(full=True), FakeLane([[fact(b"{"), fact()]])
    intake = ZakenIntake(store, "zaaksysteem", SKEW, 1024 * 1024, lambda: NOW, Lines().log)
    with pytest.raises(BatchRejected):
        await work(intake, lane)
    assert lane.settled == 0


async def test_a_fact_that_the_program_cannot_read_is_a_dead_letter_and_the_others_are_stored() -> (
    None
):
    class Poison(dict[str, str]):
        def get(self, *_: object) -> str:
            raise ZeroDivisionError("GEHEIM")

        keys = items = get  # type: ignore[assignment]

    store, lines, lane = await take(fact(headers=Poison(), message_id="raar"), fact())
    assert ("zaak", ZAAK) in store.facts
    assert [str(each.code) for each in store.rejected] == ["onverwacht"]
    assert [line["bericht"] for line in lines.of("onverwacht")] == ["raar"]
    assert "GEHEIM" not in str(lines.all)
    assert lane.settled == 1


async def test_what_is_given_up_is_a_dead_letter_and_no_fact() -> None:
    store, lines, batch = FakeRegister(), Lines(), [fact(), fact(b"{")]
    story = ZakenIntake(store, "zaaksysteem", SKEW, 1024 * 1024, lambda: NOW, lines.log)
    await story.condemn(batch)
    assert [(each.delivery, each.violations) for each in store.rejected] == [
        (each, (DEADLY,)) for each in batch
    ]
    assert store.facts == {}
    (line,) = lines.of("zaken")
    assert (line["received"], line["stored"], line["rejected"]) == (2, 0, 2)


async def test_a_fact_that_the_database_refuses_is_found_and_the_others_are_stored() -> None:
    batch = [fact(orjson.dumps(zaak(identificatie=f"Z-{number}"))) for number in range(7)]
    store, lane = FakeRegister(rejects=_is_third), FakeLane([[*batch, fact(b"{")]])
    intake = ZakenIntake(store, "zaaksysteem", SKEW, 1024 * 1024, lambda: NOW, Lines().log)
    await work(intake, lane)
    assert (len(store.facts), lane.settled) == (6, 1)
    codes = sorted(str(each.code) for each in store.rejected)
    assert codes == ["bericht-onleesbaar", "onverwacht"]


def _is_third(given: DatedFact) -> bool:
    return given.fact.identificatie == "Z-3"


@pytest.mark.parametrize(
    ("taal", "kept"), [("NL", "nl"), ("eng", "en"), ("\x00", "nl"), ("Nederlands", "nl")]
)
def test_the_language_of_somebody_involved_is_a_known_one_or_dutch(taal: str, kept: str) -> None:
    parsed = parse_fact(orjson.dumps(zaak(betrokkenen=[betrokkene(taal=taal)])))
    assert isinstance(parsed, Zaak)
    assert parsed.betrokkenen[0].taal == kept
