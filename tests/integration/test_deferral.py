"""What lacks nothing but its zaak waits for it, and is woken by the zaak's facts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import NOW, ZAAK, body, delivery
from tests.facts import fill, register, zaak
from tests.registering import ANNOUNCER, registrations
from tests.registrations import refused, registration
from tests.resuming import Resuming
from tests.tokens import FixedProofs
from tests.waiting import until
from worker.claims import unproven
from worker.errors import Code, Violation
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.pool import transaction
from worker.postgres.stored import load
from worker.unpacking import resumed_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.domain.identity import Identity
    from worker.postgres.pool import Pool

SECOND, MINUTE = timedelta(seconds=10), timedelta(minutes=1)
UNKNOWN = Violation(Code.ZAAK_ONBEKEND, "not in the register (yet)", "zaak")
REPLIES = "antwoord.callcenter.1"


@pytest.fixture
async def resuming(pool: Pool) -> Resuming:
    """All of the register, but for the zaak."""
    await fill(pool, *(each for each in register() if each["soort"] != "zaak"))
    return Resuming(pool, (SECOND, MINUTE))


async def test_a_message_of_an_unknown_zaak_waits_and_its_sender_hears_so(
    resuming: Resuming,
) -> None:
    letter = await resuming.take(delivery(reply_to=REPLIES))
    row = await resuming.letter(letter)
    assert (row["toestand"], row["opnieuw"]) == ("wacht", NOW + SECOND)
    assert (row["code"], row["uitgesteld"]) == ("zaak-onbekend", 1)
    assert [await resuming.types(kind) for kind in ("gebeurtenis", "antwoord")] == [
        ["uitgesteld"],
        ["uitgesteld"],
    ]
    assert await resuming.pool.fetchval("select count(*) from bericht") == 0
    (line,) = resuming.lines.of("klantcontact")
    assert (line["outcome"], line["dead_letter"]) == ("uitgesteld", str(letter))


async def test_what_lacks_more_than_its_zaak_is_refused_at_once(resuming: Resuming) -> None:
    letter = await resuming.take(delivery(body(datumGezet="2027-01-01T12:00:00+01:00")))
    row = await resuming.letter(letter)
    assert (row["toestand"], row["opnieuw"]) == ("open", None)
    assert await resuming.types() == ["afgewezen"]


async def test_it_comes_again_by_the_schedule_and_is_refused_after_the_last_time(
    resuming: Resuming,
) -> None:
    letter = await resuming.take(delivery(reply_to=REPLIES))
    resuming.moment = NOW + SECOND
    await resuming.recall(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["opnieuw"]) == ("wacht", NOW + SECOND + MINUTE)
    assert (row["laatste"], row["aantal"]) == (NOW, 1)
    assert await resuming.types() == ["uitgesteld"]

    resuming.moment += MINUTE
    await resuming.recall(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["opnieuw"], row["aantal"]) == ("open", None, 1)
    assert row["laatste"] == resuming.moment
    assert await resuming.types() == ["uitgesteld", "afgewezen"]
    assert await resuming.types("antwoord") == ["uitgesteld", "afgewezen"]


async def test_the_same_message_again_does_not_begin_the_schedule_anew(resuming: Resuming) -> None:
    letter = await resuming.take(delivery(message_id="een"))
    resuming.moment = NOW + SECOND
    await resuming.recall(letter)
    await resuming.take(delivery(message_id="een"))
    row = await resuming.letter(letter)
    assert (row["toestand"], row["opnieuw"]) == ("wacht", NOW + SECOND + MINUTE)
    assert (row["aantal"], row["uitgesteld"]) == (2, 2)


async def test_the_facts_of_the_zaak_bring_it_back_at_once_and_it_is_registered(
    resuming: Resuming,
) -> None:
    letter = await resuming.take(delivery(reply_to=REPLIES))
    await fill(resuming.pool, zaak())
    row = await resuming.letter(letter)
    assert (row["toestand"], row["opnieuw"]) == ("wacht", row["eerste"].replace(day=1, hour=0))

    outbox = PostgresOutbox(resuming.pool, ANNOUNCER)
    assert await outbox.sweep(NOW, NOW + MINUTE) == 1
    assert await outbox.sweep(NOW, NOW + MINUTE) == 0
    await resuming.recall(letter)
    row = await resuming.letter(letter)
    (contact,) = await resuming.contacts()
    assert (row["toestand"], row["klantcontact"]) == ("opgelost", contact["id"])
    assert row["opnieuw"] is None
    assert await resuming.types("antwoord") == ["uitgesteld", "geregistreerd"]


async def test_facts_also_bring_back_what_was_given_up_for_want_of_its_zaak(pool: Pool) -> None:
    await fill(pool, *(each for each in register() if each["soort"] != "zaak"))
    resuming = Resuming(pool)
    letter, other = [await resuming.take(delivery(body(zaak=each))) for each in (ZAAK, "Z-2")]
    assert (await resuming.letter(letter))["toestand"] == "open"
    await fill(pool, zaak())
    states = [(await resuming.letter(each))["toestand"] for each in (letter, other)]
    assert states == ["wacht", "open"]


async def test_a_zaak_that_was_known_already_wakes_nothing(resuming: Resuming) -> None:
    await fill(resuming.pool, zaak(einddatum="2026-11-02"))
    letter = await resuming.take(delivery())
    await fill(resuming.pool, zaak(omschrijving="anders"), time=NOW)
    assert (await resuming.letter(letter))["toestand"] == "open"


async def test_a_zaak_that_comes_while_a_message_is_judged_without_it_brings_it_back_at_once(
    resuming: Resuming,
) -> None:
    asked, pool = registration("een"), resuming.pool
    async with registrations(pool).transaction() as intake:
        await intake.claim([asked], NOW)
        async with transaction(pool) as storing:
            await storing.execute(_COMES, ZAAK)
            await storing.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", ZAAK)
            looking = asyncio.create_task(intake.facts([asked]))
            await until(lambda: _waits(pool), "the intake waits")
        assert ZAAK not in (await looking).zaken
        put_off = replace(refused(asked, UNKNOWN), again=NOW + MINUTE)
        given_up = replace(refused(registration("twee"), UNKNOWN), claim=None)
        await intake.write([put_off, given_up], NOW)
    rows = await pool.fetch("select toestand, opnieuw from dead_letter")
    assert [tuple(row) for row in rows] == [("wacht", NOW)] * 2


async def test_facts_wait_for_whoever_is_putting_a_message_of_their_zaak_away(
    resuming: Resuming,
) -> None:
    pool = resuming.pool
    async with registrations(pool).transaction() as intake:
        asked = registration("een")
        rejected = replace(refused(asked, UNKNOWN), again=NOW + MINUTE, claim=None)
        await intake.facts([asked])
        await intake.write([rejected], NOW)
        storing = asyncio.create_task(fill(pool, zaak()))
        await until(lambda: _waits(pool), "facts wait")
    assert await storing == 1
    (row,) = await pool.fetch("select toestand, opnieuw from dead_letter")
    assert row["toestand"] == "wacht"
    assert row["opnieuw"] < NOW


_COMES = """
    insert into zaak (identificatie, zaaktype, omschrijving, startdatum,
                      vertrouwelijkheidaanduiding, tijd)
    values ($1, 'omgevingsvergunning', 'x', '2026-10-01', 1, now())
"""


async def _waits(pool: Pool) -> bool:
    found: int = await pool.fetchval(
        "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    )
    return found == 1


async def test_facts_and_what_comes_again_for_want_of_them_do_not_wait_for_each_other(
    resuming: Resuming,
) -> None:
    pool = resuming.pool
    letter = await resuming.take(delivery(message_id="een"))
    async with registrations(pool).transaction() as intake:
        asked = registration("een")
        (stored,) = await load(pool, [letter])
        resumed = resumed_from(stored)
        await intake.facts([asked])
        assert await intake.still_due([resumed]) == {letter}
        storing = asyncio.create_task(fill(pool, zaak()))
        await until(lambda: _waits(pool), "facts wait")
        await intake.write([replace(refused(asked, UNKNOWN), resumed=resumed, claim=None)], NOW)
    assert await storing == 1
    row = await resuming.letter(letter)
    assert row["toestand"] == "wacht"


async def test_one_that_somebody_retries_by_hand_is_not_put_off_again(resuming: Resuming) -> None:
    letter = await resuming.take(delivery())
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"], row["aantal"]) == ("open", "zaak-onbekend", 2)


class Away(FixedProofs):
    """Proofs whose key cannot be had yet."""

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        del headers, body
        raise unproven("the token's key (kid) is not there", passing=True)

    async def renew(self) -> bool | None:
        return None


async def _tokens(pool: Pool) -> int:
    found: int = await pool.fetchval("select count(*) from wachtend_token")
    return found


async def test_a_message_whose_key_cannot_be_fetched_yet_waits_and_is_judged_with_the_key(
    resuming: Resuming,
) -> None:
    await fill(resuming.pool, zaak())
    good, resuming.proofs = resuming.proofs, Away()
    sent = delivery(reply_to=REPLIES)
    letter = await resuming.take(sent)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["opnieuw"]) == ("wacht", NOW + SECOND)
    assert row["code"] == "opvoerder-niet-geauthenticeerd"
    assert sent.headers["authorization"] not in row["headers"]
    assert await _tokens(resuming.pool) == 1
    resuming.moment = NOW + SECOND
    await resuming.recall(letter)
    assert (await resuming.letter(letter))["toestand"] == "wacht"
    assert await _tokens(resuming.pool) == 1
    resuming.proofs = good
    await resuming.recall(letter)
    assert (await resuming.letter(letter))["toestand"] == "opgelost"
    assert await resuming.types("antwoord") == ["uitgesteld", "geregistreerd"]
    assert await _tokens(resuming.pool) == 0


async def test_after_the_schedule_it_is_refused_and_its_token_goes(resuming: Resuming) -> None:
    resuming.proofs = Away()
    letter = await resuming.take(delivery())
    for _ in range(2):
        await resuming.recall(letter)
    assert (await resuming.letter(letter))["toestand"] == "open"
    assert await resuming.types() == ["uitgesteld", "afgewezen"]
    assert await _tokens(resuming.pool) == 0


async def test_what_lacks_more_than_its_key_is_refused_at_once(resuming: Resuming) -> None:
    resuming.proofs = Away()
    letter = await resuming.take(delivery(body(type="fax")))
    assert (await resuming.letter(letter))["toestand"] == "open"
    assert await _tokens(resuming.pool) == 0


async def test_a_hundred_of_an_applicatie_wait_for_a_key_and_no_more(resuming: Resuming) -> None:
    resuming.proofs = Away()
    for _ in range(2):
        await resuming.intake.take([delivery() for _ in range(55)])
    await resuming.intake.take([delivery(user_id="balie")])
    rows = await resuming.pool.fetch(
        "select applicatie, toestand, count(*) from dead_letter group by 1, 2 order by 1, 2"
    )
    assert [tuple(row) for row in rows] == [
        ("balie", "wacht", 1),
        ("callcenter", "open", 10),
        ("callcenter", "wacht", 100),
    ]
    assert await _tokens(resuming.pool) == 101
    refused = [line for line in resuming.lines.of("klantcontact") if line["outcome"] == "afgewezen"]
    assert len(refused) == 10
