from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.contacts import NOW, TOELICHTING, ZAAK
from tests.facts import betrokkene, fill, zaak
from tests.posted import post
from tests.registering import registrations
from tests.registrations import accepted, registration
from worker.postgres import dossier as records

if TYPE_CHECKING:
    from worker.postgres.pool import Pool
    from worker.registration import Registration

INSIDE = {"titel": "notitie", "formaat": "text/plain", "inhoud": "aGFsbG8="}
OUTSIDE = {
    "titel": "opname",
    "formaat": "audio/ogg",
    "url": "https://opnames.example.nl/1",
    "sha256": "ab" * 32,
}


async def register(pool: Pool, *asked: Registration) -> None:
    async with registrations(pool).transaction() as transaction:
        await transaction.claim(asked, NOW)
        facts = await transaction.facts(asked)
        await transaction.write([accepted(each, facts) for each in asked], NOW)


async def _of(pool: Pool, *, reveal: bool = False) -> dict[str, Any]:
    found = await records.dossier(pool, ZAAK, reveal=reveal)
    assert found is not None
    return found


async def test_a_dossier_has_every_contact_in_the_order_of_their_moments(pool: Pool) -> None:
    await fill(pool)
    moments = ("2026-11-03T10:00:00Z", "2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z")
    await register(pool, *(registration(datumGezet=moment) for moment in moments))
    contacts = (await _of(pool))["klantcontacten"]
    assert [each["datumGezet"].day for each in contacts] == [1, 2, 3]


async def test_a_toelichting_is_masked_unless_it_is_asked_for(pool: Pool) -> None:
    await fill(pool)
    await register(pool, registration())
    (masked,) = (await _of(pool))["klantcontacten"]
    (shown,) = (await _of(pool, reveal=True))["klantcontacten"]
    assert TOELICHTING not in str(masked)
    assert shown["toelichting"] == TOELICHTING


async def test_where_there_is_no_toelichting_there_is_nothing_to_mask(pool: Pool) -> None:
    await fill(pool)
    await register(pool, registration(toelichting=..., documenten=[INSIDE]))
    assert (await _of(pool))["klantcontacten"][0]["toelichting"] is None


async def test_a_zaak_without_status_or_contacts_has_a_dossier_too(pool: Pool) -> None:
    await fill(pool, zaak(status=None))
    found = await _of(pool)
    assert (found["status"], found["klantcontacten"]) == (None, [])


async def test_a_zaak_that_is_not_there_has_none(pool: Pool) -> None:
    assert await records.dossier(pool, "niets", reveal=False) is None
    assert await records.klantcontact(pool, uuid4(), reveal=False) is None
    assert await records.document(pool, uuid4()) is None


async def test_who_was_told_and_who_was_not_stands_beside_the_contact(pool: Pool) -> None:
    people = [betrokkene(), betrokkene(identificatie="buur", rol="belanghebbende", email=None)]
    await fill(pool)
    await fill(pool, zaak(betrokkenen=people))
    asked = registration()
    await register(pool, asked)
    found = await records.klantcontact(pool, asked.id, reveal=False)
    assert found is not None
    told = {each["betrokkene"]: (each["toestand"], each["reden"]) for each in found["notificaties"]}
    assert told == {"bsn-pseudoniem-1": ("wacht", None), "buur": ("achterwege", "geen-adres")}


async def test_a_mail_that_came_back_says_when_it_was_sent_and_what_was_heard_last(
    pool: Pool,
) -> None:
    (mail,) = await post(pool)
    await pool.execute("update mail set toestand = 'mislukt', pogingen = 1")
    await pool.executemany(
        """
        insert into mail_poging (id, mail, moment, toestand, code, status, antwoord)
        values (gen_random_uuid(), $1, $2, $3, 250, $4, 'to burger@example.nl')
        """,
        [
            (mail, NOW, "verzonden", None),
            (mail, NOW + timedelta(hours=1), "teruggekomen", "5.1.1"),
        ],
    )
    (contact,) = (await _of(pool))["klantcontacten"]
    (told,) = contact["notificaties"]
    assert (told["mail"], told["toestand"], told["verzonden"]) == (mail, "mislukt", NOW)
    assert told["laatste"] == {
        "moment": NOW + timedelta(hours=1),
        "toestand": "teruggekomen",
        "code": 250,
        "status": "5.1.1",
    }
    assert "burger@example.nl" not in str(contact)


async def test_a_document_inside_is_given_and_one_outside_is_pointed_at(pool: Pool) -> None:
    await fill(pool)
    await register(pool, registration(documenten=[INSIDE, OUTSIDE]))
    inside, outside = (await _of(pool))["klantcontacten"][0]["documenten"]
    assert await records.document(pool, inside["id"]) == ("notitie", b"hallo", None)
    assert await records.document(pool, outside["id"]) == ("opname", None, OUTSIDE["url"])
    assert outside["sha256"] == "ab" * 32


async def test_a_document_outside_stays_outside_although_its_content_is_here(pool: Pool) -> None:
    await fill(pool)
    digest = "d3751d33f9cd5049c4af2b462735457e4d3baf130bcbb87f389e349fbaeb20b9"
    await register(pool, registration(documenten=[INSIDE, {**OUTSIDE, "sha256": digest}]))
    _, outside = (await _of(pool))["klantcontacten"][0]["documenten"]
    assert await records.document(pool, outside["id"]) == ("opname", None, OUTSIDE["url"])


async def test_who_looked_is_put_on_record(pool: Pool) -> None:
    await records.put_on_record(pool, "jan", NOW, f"dossier {ZAAK}")
    row = await pool.fetchrow("select door, onderwerp, moment from inzage")
    assert row is not None
    assert tuple(row) == ("jan", f"dossier {ZAAK}", NOW)


async def test_every_contact_of_a_busy_zaak_comes_with_its_own_mail(pool: Pool) -> None:
    await post(pool, 30)
    contacts = (await _of(pool))["klantcontacten"]
    assert len(contacts) == 30
    assert {len(each["notificaties"]) for each in contacts} == {1}
