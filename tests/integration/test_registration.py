"""One transaction of the intake on PostgreSQL: what it stores, and what it waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.contacts import NOW, ZAAK, delivery, opvoerder
from tests.facts import TIME, betrokkene, fill, register, zaak
from tests.registering import registrations, store
from tests.registrations import accepted, refused, registration, unreadable
from worker.domain.question import Policy

if TYPE_CHECKING:
    from worker.postgres.pool import Pool

LATER = datetime(2026, 11, 2, tzinfo=UTC)
DOCUMENTS = [
    {"titel": "notitie", "formaat": "text/plain", "inhoud": "aGFsbG8="},
    {
        "titel": "opname",
        "formaat": "audio/ogg",
        "url": "https://opnames.example.nl/1",
        "sha256": "AB" * 32,
        "omvang": 123456,
        "auteur": "KCC",
        "creatiedatum": "2026-11-23",
    },
]


async def test_a_contact_keeps_the_status_that_the_zaak_had(pool: Pool) -> None:
    await fill(pool)
    await store(pool, registration())
    other = {"omschrijving": "Afgehandeld", "datumGezet": "2026-11-02T09:00:00+01:00"}
    await fill(pool, zaak(status=other), time=LATER)
    row = await pool.fetchrow("select status_omschrijving, status_datum_gezet from klantcontact")
    assert row is not None
    assert tuple(row) == ("In behandeling", datetime(2026, 11, 1, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    "asked_for",
    [
        {"reply_to": "antwoord.callcenter.1", "correlation_id": "c\x00"},
        {"reply_to": "antwoord.callcenter.\x00", "correlation_id": "c"},
    ],
    ids=["correlation_id", "reply_to"],
)
async def test_a_reply_that_cannot_be_kept_keeps_nothing_from_being_registered(
    pool: Pool, asked_for: dict[str, Any]
) -> None:
    await fill(pool)
    asked = registration()
    await store(pool, replace(asked, delivery=replace(asked.delivery, **asked_for)))
    assert await pool.fetchval("select count(*) from klantcontact") == 1


async def test_every_field_of_the_contract_is_kept(pool: Pool) -> None:
    await fill(pool)
    asked = registration(
        onderwerp="dakkapel",
        initiatief="gemeente",
        taal="eng",
        vertrouwelijk=True,
        opvoerder=opvoerder(naam="Voorbeeld Medewerker", organisatie="KCC"),
        gesprekspartners=[{"rol": "klant", "naam": "Voorbeeld Burger"}],
        uitkomst={"gelukt": True, "omschrijving": "besproken"},
        afspraken=[{"omschrijving": "bellen", "uiterlijk": "2026-12-01", "door": "gemeente"}],
        documenten=DOCUMENTS,
    )
    await store(pool, asked)
    row = await pool.fetchrow("select * from klantcontact")
    documents = await pool.fetch(
        "select d.*, i.inhoud from document as d left join document_inhoud as i using (sha256)"
        " order by volgnummer"
    )
    assert row is not None
    assert (row["id"], row["zaak"], row["type"], row["kanaal"]) == (
        asked.id,
        ZAAK,
        "call",
        "callcenter",
    )
    assert row["datum_gezet"] == datetime(2026, 11, 1, 10, 58, 12, tzinfo=UTC)
    assert (row["taal"], row["initiatief"], row["vertrouwelijk"]) == ("en", "gemeente", True)
    assert (row["opvoerder_naam"], row["opvoerder_organisatie"]) == ("Voorbeeld Medewerker", "KCC")
    assert orjson.loads(row["uitkomst"]) == {"gelukt": True, "omschrijving": "besproken"}
    assert orjson.loads(row["afspraken"])[0]["uiterlijk"] == "2026-12-01"
    assert orjson.loads(row["gesprekspartners"])[0]["rol"] == "klant"
    assert (documents[0]["inhoud"], documents[0]["omvang"]) == (b"hallo", 5)
    assert (documents[1]["inhoud"], documents[1]["omvang"]) == (None, 123456)
    assert documents[1]["sha256"] == bytes.fromhex("ab" * 32)


async def test_the_same_content_twice_is_kept_once(pool: Pool) -> None:
    await fill(pool)
    await store(pool, registration(documenten=DOCUMENTS[:1] * 2))
    await store(pool, registration(documenten=DOCUMENTS[:1]))
    assert await pool.fetchval("select count(*) from document") == 3
    assert await pool.fetchval("select count(*) from document_inhoud") == 1


async def test_a_contact_without_a_zaak_has_no_notifications(pool: Pool) -> None:
    await fill(pool)
    await store(pool, registration(zaak=...), policy=Policy(contacts_without_zaak=True))
    assert await pool.fetchval("select zaak from klantcontact") is None
    assert await pool.fetchval("select count(*) from notificatie") == 0


async def test_one_address_gets_one_mail_and_everybody_has_a_notification(pool: Pool) -> None:
    people = [
        betrokkene(),
        betrokkene(identificatie="partner", email="BURGER@example.nl"),
        betrokkene(identificatie="buur", email="buur@example.nl"),
        betrokkene(identificatie="afgemeld", notificaties=False),
    ]
    await fill(pool, *register(), zaak(betrokkenen=people))
    await store(pool, registration())
    told = await pool.fetch("select betrokkene, toestand, reden, mail from notificatie")
    by_name = {row["betrokkene"]: row for row in told}
    assert await pool.fetchval("select count(*) from mail") == 2
    assert await pool.fetchval("select count(*) from outbox where soort = 'mail'") == 2
    assert by_name["bsn-pseudoniem-1"]["mail"] == by_name["partner"]["mail"]
    assert (by_name["afgemeld"]["toestand"], by_name["afgemeld"]["reden"]) == (
        "achterwege",
        "afgemeld",
    )
    assert {row["toestand"] for row in told} == {"opgenomen", "achterwege"}


async def test_what_is_refused_leaves_no_message_in_the_inbox(pool: Pool) -> None:
    await fill(pool)
    async with registrations(pool).transaction() as transaction:
        good, bad = registration("goed"), registration("slecht")
        await transaction.claim([good, bad], NOW)
        facts = await transaction.facts([good, bad])
        await transaction.write([accepted(good, facts), refused(bad)], NOW)
    assert [row[0] for row in await pool.fetch("select bericht_id from bericht")] == ["goed"]
    assert await pool.fetchval("select bericht_id from dead_letter") == "slecht"


async def test_a_registration_puts_right_what_was_refused_under_its_key(pool: Pool) -> None:
    await fill(pool)
    async with registrations(pool).transaction() as transaction:
        wrong = registration("een", onderwerp="fout")
        await transaction.write([refused(wrong), unreadable(delivery(b"{"))], NOW)
    asked = registration("een")
    await store(pool, asked)
    rows = await pool.fetch("select toestand, klantcontact from dead_letter order by toestand")
    assert [tuple(row) for row in rows] == [("open", None), ("opgelost", asked.id)]


async def test_what_was_archived_stays_archived(pool: Pool) -> None:
    await fill(pool)
    async with registrations(pool).transaction() as transaction:
        await transaction.write([refused(registration("een"))], TIME)
    await pool.execute("update dead_letter set toestand = 'gearchiveerd'")
    await store(pool, registration("een"))
    assert await pool.fetchval("select toestand from dead_letter") == "gearchiveerd"


async def test_a_message_that_could_not_be_read_is_put_right_by_one_that_can(pool: Pool) -> None:
    await fill(pool)
    bad = delivery(b"{", message_id="een", content_type="text/plain")
    async with registrations(pool).transaction() as transaction:
        await transaction.write([unreadable(bad)], NOW)
    await store(pool, registration("een"))
    assert await pool.fetchval("select toestand from dead_letter") == "opgelost"


async def test_a_contact_that_follows_on_another_of_its_zaak_is_registered(pool: Pool) -> None:
    await fill(pool)
    first = registration()
    await store(pool, first)
    await store(pool, registration(vervolgOp=str(first.id), correctie=True))
    rows = await pool.fetch("select correctie, vervolg_op from klantcontact order by id")
    assert [tuple(row) for row in rows] == [(False, None), (True, first.id)]
    reasons = await pool.fetch("select reden from notificatie order by klantcontact")
    assert [row[0] for row in reasons] == [None, "correctie"]
