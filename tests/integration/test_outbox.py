from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.contacts import NOW, ZAAK
from tests.facts import TIME, fill, zaak
from tests.posted import due_mails, post
from tests.put_away import RECALLED, put
from tests.registering import ANNOUNCER
from tests.waiting import DEADLINE
from worker.errors import Outage
from worker.mailer import Answer, Result, Sent
from worker.postgres.mails import PostgresMails
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.pool import connected
from worker.postgres.unparking import unpark
from worker.postgres.wake import listening
from worker.rendering import Contact

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.postgres.pool import Pool

LEASE = NOW + timedelta(seconds=60)


async def test_two_relays_never_claim_the_same_row(pool: Pool) -> None:
    await post(pool, 40)
    outbox = PostgresOutbox(pool, ANNOUNCER)
    rounds = await asyncio.gather(*(outbox.claim(NOW, LEASE, 15) for _ in range(4)))
    claimed = [each.row for batch in rounds for each in batch]
    assert len(claimed) == len(set(claimed)) == 40


async def test_rows_that_another_relay_locks_are_passed_over(pool: Pool) -> None:
    await post(pool, 2)
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetch("select id from outbox order by id limit 1 for update")
        async with asyncio.timeout(DEADLINE):
            assert len(await due_mails(PostgresOutbox(pool, ANNOUNCER), NOW, LEASE, 10)) == 1


async def test_rows_that_were_put_aside_are_offered_anew_and_no_others(pool: Pool) -> None:
    await post(pool, 2)
    outbox = PostgresOutbox(pool, ANNOUNCER)
    claimed = await due_mails(outbox, NOW, LEASE, 10)
    await outbox.settle([], [claimed[0].row], NOW)
    assert await unpark(pool, NOW) == 1
    assert await unpark(pool, NOW) == 0
    (again,) = await due_mails(outbox, NOW, LEASE, 10)
    assert (again.row, again.attempts) == (claimed[0].row, 1)


async def test_dead_letters_that_are_due_are_called_back_by_few_rows(pool: Pool) -> None:
    letters = await put(pool, 60, toestand="wacht", opnieuw=NOW)
    outbox = PostgresOutbox(pool, ANNOUNCER)
    assert await outbox.sweep(NOW, LEASE) == 60
    assert await outbox.sweep(NOW, LEASE) == 0
    assert sorted([row[0] for row in await pool.fetch(RECALLED)]) == sorted(letters)
    assert await pool.fetchval("select count(*) from outbox") == 2


async def test_the_facts_of_a_mail_are_those_of_its_zaak_and_contact(pool: Pool) -> None:
    (mail,) = await post(pool)
    (due,) = await due_mails(PostgresOutbox(pool, ANNOUNCER), NOW, LEASE, 10)
    facts = due.facts
    assert (facts.mail, facts.zaak, facts.adres) == (mail, ZAAK, "burger@example.nl")
    assert (facts.naam, facts.taal) == ("Voorbeeld Burger", "nl")
    assert facts.zaak_omschrijving == "Dakkapel aan de Voorbeeldstraat"
    assert facts.contacten == (Contact("call", date(2026, 11, 1)),)
    assert facts.moment == NOW


async def test_the_day_of_a_contact_is_the_day_in_the_netherlands(pool: Pool) -> None:
    await post(pool)
    await pool.execute("update klantcontact set datum_gezet = '2026-11-01T23:30:00Z'")
    (due,) = await due_mails(PostgresOutbox(pool, ANNOUNCER), NOW, LEASE, 10)
    assert due.facts.contacten[0].dag == date(2026, 11, 2)


async def test_a_mail_goes_out_although_its_zaak_has_no_description(pool: Pool) -> None:
    await post(pool)
    await fill(pool, zaak(omschrijving=""), time=TIME + timedelta(hours=1))
    (due,) = await due_mails(PostgresOutbox(pool, ANNOUNCER), NOW, LEASE, 10)
    assert due.facts.zaak_omschrijving == ""


async def test_a_mail_that_cannot_be_made_is_a_dead_letter_and_an_event(pool: Pool) -> None:
    (mail,) = await post(pool)
    await PostgresOutbox(pool, ANNOUNCER).give_up({mail: "To: domain is not valid"}, NOW)
    row = await pool.fetchrow("select code, zaak, toestand from dead_letter")
    assert row is not None
    assert tuple(row) == ("mail-mislukt", ZAAK, "open")
    content = await pool.fetchval("select inhoud from outbox where soort = 'gebeurtenis'")
    event = orjson.loads(content)
    assert event["type"] == "nl.overheid.klantcontacten.mail-mislukt"
    assert event["data"] == {"mail": str(mail), "zaak": ZAAK, "toestand": "mislukt"}


async def test_a_mail_that_is_retried_and_sent_resolves_its_dead_letter_by_one_attempt(
    pool: Pool,
) -> None:
    (mail,) = await post(pool)
    await PostgresOutbox(pool, ANNOUNCER).give_up({mail: "To: domain is not valid"}, NOW)
    await pool.execute("update dead_letter set toestand = 'hervat'")
    sent = Result(mail, Answer(Sent.ACCEPTED, "250 OK", 250), NOW, None)
    await PostgresMails(pool, ANNOUNCER).record([sent])
    row = await pool.fetchrow("select toestand, pogingen, aantal from dead_letter")
    assert row is not None
    assert tuple(row) == ("opgelost", 2, 1)


async def test_two_jobs_for_one_mail_at_the_same_time_are_one_claim(pool: Pool) -> None:
    (mail,) = await post(pool)
    await pool.execute("update mail set toestand = 'aangeboden'")
    mails = PostgresMails(pool, ANNOUNCER)
    claims = await asyncio.gather(*(mails.claim([mail], LEASE, LEASE) for _ in range(5)))
    assert sorted(map(len, claims)) == [0, 0, 0, 0, 1]


async def test_what_a_text_cannot_hold_is_taken_out_of_a_servers_words(pool: Pool) -> None:
    posted = await post(pool, 5)
    answer = Answer(Sent.ACCEPTED, "250 OK\x00 \udc80", 250)
    results = [Result(mail, answer, NOW, None) for mail in posted]
    await PostgresMails(pool, ANNOUNCER).record(results)
    rows = await pool.fetch("select distinct toestand, code, antwoord, verzonden from mail")
    assert [tuple(row) for row in rows] == [("verzonden", 250, "250 OK ?", NOW)]
    assert await pool.fetchval("select count(*) from mail_poging where antwoord = '250 OK ?'") == 5


async def test_a_refusal_of_what_was_sent_is_no_dead_letter(pool: Pool) -> None:
    (mail,) = await post(pool)
    mails = PostgresMails(pool, ANNOUNCER)
    for answer in (Answer(Sent.ACCEPTED, "250 OK", 250), Answer(Sent.REFUSED, "550 no", 550)):
        await mails.record([Result(mail, answer, NOW, None)])
    assert await pool.fetchval("select count(*) from dead_letter") == 0


async def test_a_refusal_of_the_address_marks_it_and_what_was_known_first_stays(
    pool: Pool,
) -> None:
    first, second, sent, other = await post(pool, 4)
    await pool.execute("update mail set adres = 'Grijs@B\u00fccher.example' where id = $1", other)
    mails = PostgresMails(pool, ANNOUNCER)
    words = "550 5.1.1 <burger@example.nl>: User unknown"
    refused = Answer(Sent.REFUSED, words, 550, "5.1.1")
    await mails.record([Result(sent, Answer(Sent.ACCEPTED, "250 OK", 250), NOW, None)])
    await mails.record([Result(sent, refused, NOW, None)])
    assert await pool.fetchval("select count(*) from onbestelbaar") == 0
    await mails.record([Result(first, refused, NOW, None)])
    await mails.record([Result(each, refused, LEASE, None) for each in (second, other)])
    rows = await pool.fetch("select adres, mail, status, moment from onbestelbaar order by adres")
    assert [tuple(row) for row in rows] == [
        ("burger@example.nl", first, "5.1.1", NOW),
        ("grijs@b\u00fccher.example", other, "5.1.1", LEASE),
    ]


async def test_a_commit_wakes_the_relay_and_so_does_a_stop(pool: Pool) -> None:
    async with listening(pool) as wake:
        await post(pool)
        async with asyncio.timeout(DEADLINE):
            await wake.wait(timedelta(hours=1))
            assert not wake.stopped
            wake.stop()
            await wake.wait(timedelta(hours=1))
        assert wake.stopped


async def test_who_waits_to_be_woken_can_be_broken_off_in_that_moment(pool: Pool) -> None:
    async with listening(pool) as wake:
        waiting = asyncio.create_task(wake.wait(timedelta(minutes=1)))
        await asyncio.sleep(0)
        wake.stir()
        waiting.cancel()
        await asyncio.wait([waiting], timeout=DEADLINE)
        assert waiting.cancelled()


async def test_without_a_commit_the_relay_looks_when_its_poll_is_due(pool: Pool) -> None:
    async with listening(pool) as wake:
        await wake.wait(timedelta(milliseconds=1))
        assert not wake.stopped


async def test_a_relay_that_lost_its_connection_is_woken_too(
    database: str, administer: Callable[[str], None]
) -> None:
    async def lose() -> None:
        async with connected(database, size=2) as pool, listening(pool) as wake:
            administer(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%'"
            )
            async with asyncio.timeout(DEADLINE):
                await wake.wait(timedelta(hours=1))

    with pytest.raises(Outage):
        await lose()
