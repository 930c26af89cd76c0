from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.contacts import NOW, QUEUE, TOELICHTING, body, delivery
from tests.facts import register
from tests.fakes import FakeLane, FakeStore, Lines
from tests.known import known
from tests.suspected import work
from tests.tokens import FixedProofs, zgw
from worker.condemned import DEADLY
from worker.domain.question import Policy
from worker.errors import Outage
from worker.intake import Intake
from worker.judging import Judge
from worker.reading import Reader

if TYPE_CHECKING:
    from worker.envelope import Delivery
    from worker.registration import Acceptance, Registration


DEFERRALS = (timedelta(seconds=10), timedelta(minutes=1))


def stored() -> FakeStore:
    return FakeStore(known=known(*register()))


def intake(store: FakeStore, lines: Lines | None = None) -> Intake:
    log = (lines or Lines()).log
    reader = Reader(FixedProofs(), 1024 * 1024, {QUEUE: "callcenter"}, log)
    return Intake(reader, store, Judge(Policy(), DEFERRALS), lambda: NOW, log)


def outcomes(lines: Lines) -> list[tuple[str, str | None]]:
    return [(line["outcome"], line["bericht"]) for line in lines.of("klantcontact")]


def about(onderwerp: str, message_id: str | None = None) -> Delivery:
    return delivery(body(onderwerp=onderwerp), message_id=message_id or onderwerp)


async def test_a_batch_is_one_transaction_and_settled_after_it() -> None:
    store, lane = stored(), FakeLane([[delivery() for _ in range(5)]])
    await work(intake(store), lane)
    assert (len(store.contacts), store.transactions, lane.settled) == (5, 1, 1)


async def test_good_and_bad_of_one_batch_each_have_their_own_outcome() -> None:
    store, lines = stored(), Lines()
    batch = [
        delivery(message_id="een"),
        delivery(b"{", message_id="twee"),
        delivery(body(zaak="Z-0"), message_id="drie"),
        delivery(message_id="vier"),
    ]
    await intake(store, lines).take(batch)
    assert sorted(store.codes) == ["bericht-onleesbaar", "zaak-onbekend"]
    assert [each.registration.envelope.id for each in store.contacts] == ["een", "vier"]
    assert sorted(outcomes(lines)) == [
        ("afgewezen", "twee"),
        ("geregistreerd", "een"),
        ("geregistreerd", "vier"),
        ("uitgesteld", "drie"),
    ]


async def test_the_same_message_twice_in_a_batch_is_registered_once() -> None:
    store, lines = stored(), Lines()
    await intake(store, lines).take([delivery(message_id="een") for _ in range(3)])
    assert len(store.contacts) == 1
    assert [each[0] for each in outcomes(lines)] == ["geregistreerd", "herhaald", "herhaald"]


async def test_what_is_wrong_under_the_id_of_a_good_message_changes_nothing_for_it() -> None:
    store, lines = stored(), Lines()
    good, wrong = delivery(message_id="een"), delivery(body(type=7), message_id="een")
    await intake(store, lines).take([good, wrong, good])
    assert len(store.contacts) == 1
    assert sorted(each[0] for each in outcomes(lines)) == [
        *("afgewezen", "geregistreerd", "herhaald")
    ]


async def test_the_same_message_in_a_later_batch_is_registered_once() -> None:
    store, lines = stored(), Lines()
    for _ in range(2):
        await intake(store, lines).take([delivery(message_id="een")])
    assert len(store.contacts) == 1
    assert [each[0] for each in outcomes(lines)] == ["geregistreerd", "herhaald"]


async def test_a_refused_message_that_is_repeated_in_its_batch_counts_each_time() -> None:
    store = stored()
    await intake(store).take([delivery(body(zaak="Z-0"), message_id="een") for _ in range(3)])
    (letters,) = store.dead_letters.values()
    assert [str(each.code) for each in letters] == ["zaak-onbekend"] * 3


async def test_a_refused_message_that_comes_at_once_with_a_token_that_is_good_is_registered() -> (
    None
):
    store, lines = stored(), Lines()
    old = zgw(issued=NOW.timestamp() - 7200, user_id="mdw-0042")
    fresh = zgw(issued=NOW.timestamp(), user_id="mdw-0042")
    batch = [
        delivery(message_id="een", headers={"authorization": f"Bearer {token}"})
        for token in (old, old, fresh, fresh)
    ]
    await intake(store, lines).take(batch)
    assert len(store.contacts) == 1
    assert store.codes == ["opvoerder-niet-geauthenticeerd"]
    assert sorted(each[0] for each in outcomes(lines)) == [
        "afgewezen",
        "afgewezen",
        "geregistreerd",
        "herhaald",
    ]


@pytest.mark.parametrize("at_once", [True, False])
async def test_other_content_under_a_registered_id_is_refused(*, at_once: bool) -> None:
    store = stored()
    sent = [about("eerst", "een"), about("anders", "een")]
    for batch in [sent] if at_once else [sent[:1], sent[1:]]:
        await intake(store).take(batch)
    assert [each.registration.klantcontact.onderwerp for each in store.contacts] == ["eerst"]
    assert store.codes == ["bericht-id-hergebruikt"]


async def test_other_content_under_a_refused_id_is_judged_for_itself() -> None:
    store = stored()
    batch = [delivery(body(zaak="Z-0"), message_id="een"), delivery(message_id="een")]
    await intake(store).take(batch)
    assert (len(store.contacts), store.codes) == (1, ["zaak-onbekend"])


async def test_three_contents_under_one_id_are_one_contact_and_two_refusals() -> None:
    store = stored()
    await intake(store).take([about(name, "een") for name in ("a", "b", "c", "b", "a")])
    assert len(store.contacts) == 1
    assert [len(each) for each in store.dead_letters.values()] == [2, 1]


async def test_a_refused_message_is_judged_anew_when_it_comes_again() -> None:
    store = stored()
    closed = FakeStore(known=known(), dead_letters=store.dead_letters)
    await intake(closed).take([delivery(message_id="een")])
    await intake(store).take([delivery(message_id="een")])
    assert len(store.contacts) == 1


def fails(acceptance: Acceptance) -> bool:
    return str(acceptance.registration.klantcontact.onderwerp).startswith("fout")


@pytest.mark.parametrize("place", [0, 3, 6])
async def test_what_the_database_refuses_is_found_and_the_others_are_registered(
    place: int,
) -> None:
    store, lines = stored(), Lines()
    store.rejects = fails
    batch = [about(f"goed-{number}") for number in range(6)]
    batch.insert(place, about("fout"))
    await intake(store, lines).take([*batch, delivery(b"{")])
    assert len(store.contacts) == 6
    assert sorted(store.codes) == ["bericht-onleesbaar", "onverwacht"]
    (line,) = lines.of("onverwacht")
    assert (line["bericht"], line["error"]) == ("fout", "BatchRejected")


async def test_every_message_of_a_batch_may_be_the_culprit() -> None:
    store = stored()
    store.rejects = fails
    await intake(store).take([about(f"fout-{number}") for number in range(5)])
    assert (store.contacts, store.codes) == ([], ["onverwacht"] * 5)


async def test_a_defect_in_one_message_stops_no_other() -> None:
    store, lines = stored(), Lines()

    def defect(asked: Registration) -> bool:
        return asked.envelope.id == "fout"

    store.defect = defect
    await intake(store, lines).take([about("goed"), about("fout"), about("beter")])
    assert (len(store.contacts), store.codes) == (2, ["onverwacht"])
    assert lines.of("onverwacht")[0]["error"] == "ZeroDivisionError"


async def test_what_the_database_refuses_that_is_repeated_counts_each_time() -> None:
    store = stored()
    store.rejects = fails
    await intake(store).take([about("fout"), about("goed"), about("fout")])
    (letters,) = store.dead_letters.values()
    assert [str(each.code) for each in letters] == ["onverwacht"] * 2


async def test_a_dead_letter_that_cannot_be_kept_is_not_acknowledged() -> None:
    store, lane = stored(), FakeLane([[delivery(b"{")]])
    store.full = True
    with pytest.raises(Outage, match="in no form"):
        await work(intake(store), lane)
    assert lane.settled == 0


async def test_a_dead_letter_that_the_database_refuses_is_kept_bare_and_no_other() -> None:
    store, lines = stored(), Lines()
    store.odd = lambda each: "vreemd" in each.delivery.headers
    odd = delivery(b"{", message_id="raar", headers={"vreemd": "x"})
    await intake(store, lines).take([about("goed"), odd, delivery(b"[", message_id="m-2")])
    kept = {each[0].delivery.message_id: each[0].delivery for each in store.dead_letters.values()}
    assert kept["raar"].headers == {}
    assert kept["raar"].body == b"{"
    assert kept["m-2"].headers != {}
    assert len(store.contacts) == 1
    assert [line["bericht"] for line in lines.of("onverwacht")] == ["raar"]


async def test_what_is_given_up_is_a_dead_letter_by_its_bytes_of_which_nothing_was_read() -> None:
    store, lines = stored(), Lines()
    batch = [delivery(message_id="een"), delivery(b"\xff", message_id="twee")]
    await intake(store, lines).condemn(batch)
    kept = [each for letters in store.dead_letters.values() for each in letters]
    assert [(each.delivery, each.envelope, each.identity) for each in kept] == [
        (each, None, None) for each in batch
    ]
    assert [each.digest for each in kept] == [sha256(each.body).digest() for each in batch]
    assert [each.violations for each in kept] == [(DEADLY,), (DEADLY,)]
    told = [(line["bericht"], line["code"]) for line in lines.of("klantcontact")]
    assert told == [("een", "onverwacht"), ("twee", "onverwacht")]
    assert (store.contacts, store.transactions) == ([], 1)


async def test_an_outage_leaves_the_batch_unsettled_and_nothing_dead_lettered() -> None:
    store, lane = stored(), FakeLane([[delivery(), delivery(b"{")]])
    store.down = True
    with pytest.raises(Outage):
        await work(intake(store), lane)
    assert (lane.settled, store.contacts, store.dead_letters) == (0, [], {})
    assert store.transactions == 1


async def test_no_line_of_the_log_holds_content() -> None:
    store, lines = stored(), Lines()
    store.rejects = fails
    batch = [delivery(), about("fout"), delivery(body(zaak="Z-0")), delivery(body(kleur="x"))]
    await intake(store, lines).take(batch)
    assert TOELICHTING not in str(lines.all)
    assert "mdw-0042" not in str(lines.all)


async def test_the_log_names_every_code_and_field_of_a_refusal() -> None:
    lines = Lines()
    await intake(stored(), lines).take([delivery(body(zaak=..., toelichting=...))])
    (line,) = lines.of("klantcontact")
    assert (line["code"], line["kanaal"]) == ("toelichting-of-document-ontbreekt", "callcenter")
    assert line["codes"] == ["zaak-ontbreekt", "toelichting-of-document-ontbreekt"]
    assert line["fields"] == ["zaak", "toelichting"]


async def test_a_defect_in_reading_one_message_costs_no_other_message() -> None:
    store, lines = stored(), Lines()
    stray = replace(delivery(message_id="twee"), queue="a queue that nobody thought of")
    await intake(store, lines).take(
        [delivery(message_id="een"), stray, delivery(message_id="drie")]
    )
    assert sorted(outcomes(lines)) == [
        ("afgewezen", "twee"),
        ("geregistreerd", "drie"),
        ("geregistreerd", "een"),
    ]
    (line,) = lines.of("onverwacht")
    assert line["error"] == "KeyError"
    assert line["plaats"].startswith("worker.reading, _fit, line ")


async def test_a_session_that_is_stale_is_no_fault_of_any_message() -> None:
    store, lines = stored(), Lines()
    store.stale = 2
    await intake(store, lines).take([delivery(message_id="een"), delivery(message_id="twee")])
    assert outcomes(lines) == [("geregistreerd", "een"), ("geregistreerd", "twee")]
    assert lines.of("onverwacht") == []


async def test_sessions_that_stay_stale_are_an_outage_and_refuse_nothing() -> None:
    store, lines = stored(), Lines()
    store.stale = 100
    with pytest.raises(Outage):
        await intake(store, lines).take([delivery()])
    assert (store.dead_letters, lines.all) == ({}, [])
