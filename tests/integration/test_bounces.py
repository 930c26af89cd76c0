"""What came back, on record: the mail, its attempts, its dead letter, and the address."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from tests import reports
from tests.contacts import NOW, ZAAK
from tests.facts import betrokkene, fill, register, zaak
from tests.posted import post
from tests.registering import ANNOUNCER, store
from tests.registrations import registration
from tests.reports import BURGER, came, fields
from tests.statements import written_down
from worker import delivery_status
from worker.outcomes import MAIL_MISLUKT
from worker.postgres.bounces import PostgresBounces
from worker.returned import Bounce, matched

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Pool

LATER = NOW + timedelta(hours=1)
_NOT_SENT = ("wacht", "aangeboden", "bezig", "uitgesteld", "mislukt")


async def sent(pool: Pool, count: int = 1, toestand: str = "verzonden") -> list[UUID]:
    """Mails that were handed over."""
    mails = await post(pool, count)
    await pool.execute("delete from outbox")
    await pool.execute(
        "update mail set toestand = $2, verzonden = $3, bytes = 'mail' where id = any ($1)",
        mails,
        toestand,
        NOW,
    )
    return mails


def bounce(mail: UUID, *told: str, subject: str = "") -> Bounce:
    delivery = came(reports.postfix(*told, mail=mail, subject=subject), mail)
    found = matched(delivery, delivery_status.read(delivery.body))
    assert isinstance(found, Bounce)
    return found


async def put(pool: Pool, *bounces: Bounce) -> list[str]:
    verdicts = await PostgresBounces(pool, ANNOUNCER).put(bounces, LATER)
    return [str(each.outcome) for each in verdicts]


async def attempts(pool: Pool) -> list[asyncpg.Record]:
    return list(await pool.fetch("select * from mail_poging order by toestand"))


async def state(pool: Pool, mail: UUID) -> tuple[Any, ...]:
    row = await pool.fetchrow(
        "select toestand, code, antwoord, verzonden, opnieuw from mail where id = $1", mail
    )
    assert row is not None
    return tuple(row)


async def marked(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch("select adres, mail, status from onbestelbaar order by adres")
    return [tuple(row) for row in rows]


async def test_a_mail_that_came_back_has_failed_and_its_address_is_marked(pool: Pool) -> None:
    (mail,) = await sent(pool)
    assert await put(pool, bounce(mail)) == ["teruggekomen"]
    words = f"550 5.1.1 <{BURGER}>: Recipient address rejected"
    assert await state(pool, mail) == ("mislukt", 550, words, None, None)
    (attempt,) = await attempts(pool)
    assert (attempt["mail"], attempt["moment"], attempt["toestand"]) == (
        mail,
        LATER,
        "teruggekomen",
    )
    assert (attempt["code"], attempt["status"], attempt["antwoord"]) == (550, "5.1.1", words)
    assert await marked(pool) == [(BURGER, mail, "5.1.1")]


async def test_it_is_a_dead_letter_and_an_event_that_quote_nobody(pool: Pool) -> None:
    (mail,) = await sent(pool)
    await put(pool, bounce(mail))
    letter = await pool.fetchrow("select * from dead_letter")
    assert letter is not None
    assert (letter["code"], letter["bericht_id"], letter["zaak"]) == (
        "mail-mislukt",
        str(mail),
        ZAAK,
    )
    assert (letter["toestand"], letter["aantal"], letter["body"]) == ("open", 1, b"mail")
    assert "5.1.1" in orjson.loads(letter["probleem"])["detail"]
    assert "@" not in letter["probleem"]
    assert "Recipient address rejected" in orjson.loads(letter["headers"])["headers"]["antwoord"]
    (event,) = await pool.fetch("select adres, inhoud from outbox")
    assert event["adres"] == MAIL_MISLUKT
    assert orjson.loads(event["inhoud"])["data"] == {
        "mail": str(mail),
        "zaak": ZAAK,
        "toestand": "mislukt",
    }


async def test_what_is_under_way_again_is_left_to_that_and_the_report_is_on_record(
    pool: Pool,
) -> None:
    before = dict(zip(await sent(pool, 5), _NOT_SENT, strict=True))
    for mail, toestand in before.items():
        await pool.execute("update mail set toestand = $2 where id = $1", mail, toestand)
    assert await put(pool, *map(bounce, before)) == ["teruggekomen"] * 5
    assert {mail: (await state(pool, mail))[0] for mail in before} == before
    assert len(await attempts(pool)) == 5
    assert await pool.fetchval("select count(*) from dead_letter") == 0
    assert len(await marked(pool)) == 1


async def test_of_a_mail_whose_sending_was_unsure_it_is_known_now(pool: Pool) -> None:
    (mail,) = await sent(pool, toestand="onzeker")
    await put(pool, bounce(mail, fields(status="5.7.1")))
    assert (await state(pool, mail))[0] == "mislukt"
    assert await marked(pool) == []


async def test_a_delay_is_on_record_and_changes_nothing_else(pool: Pool) -> None:
    (mail,) = await sent(pool)
    before = await state(pool, mail)
    told = fields(action="delayed", status="4.4.1", diagnostic="X-Postfix; connection timed out")
    assert await put(pool, bounce(mail, told)) == ["vertraagd"]
    (attempt,) = await attempts(pool)
    assert (attempt["toestand"], attempt["status"], attempt["code"]) == ("vertraagd", "4.4.1", None)
    assert await state(pool, mail) == before
    assert await pool.fetchval("select count(*) from dead_letter") == 0
    assert await marked(pool) == []


async def test_what_was_given_up_after_trying_has_failed_and_its_address_is_not_marked(
    pool: Pool,
) -> None:
    (mail,) = await sent(pool)
    await put(pool, bounce(mail, fields(status="4.4.7")))
    assert (await state(pool, mail))[0] == "mislukt"
    assert await marked(pool) == []


async def test_a_report_that_comes_again_undoes_nothing_that_was_done_meanwhile(
    pool: Pool,
) -> None:
    (mail,) = await sent(pool)
    assert await put(pool, bounce(mail), bounce(mail)) == ["teruggekomen", "herhaald"]
    await pool.execute("update dead_letter set toestand = 'opgelost'")
    await pool.execute("update mail set toestand = 'verzonden'")
    await pool.execute("delete from onbestelbaar")
    assert await put(pool, bounce(mail)) == ["herhaald"]
    assert (await state(pool, mail))[0] == "verzonden"
    assert await pool.fetchval("select toestand from dead_letter") == "opgelost"
    assert (len(await attempts(pool)), await marked(pool)) == (1, [])


async def test_two_workers_with_the_same_reports_put_each_on_record_once(pool: Pool) -> None:
    bounces = [bounce(mail) for mail in await sent(pool, 10)]
    both = await asyncio.gather(put(pool, *bounces), put(pool, *reversed(bounces)))
    assert sorted(both) == [["herhaald"] * 10, ["teruggekomen"] * 10]
    letters = await pool.fetch("select aantal from dead_letter")
    assert [each[0] for each in letters] == [1] * 10
    assert len(await attempts(pool)) == 10


async def test_a_mail_that_was_sent_anew_can_come_back_anew(pool: Pool) -> None:
    (mail,) = await sent(pool)
    await put(pool, bounce(mail, subject="Eerste"))
    await pool.execute("update mail set toestand = 'verzonden'")
    assert await put(pool, bounce(mail, subject="Tweede")) == ["teruggekomen"]
    assert (await state(pool, mail))[0] == "mislukt"
    letters = await pool.fetch("select aantal, toestand from dead_letter")
    assert [tuple(each) for each in letters] == [(2, "open")]


async def test_a_report_of_no_mail_of_ours_or_of_another_recipient_changes_nothing(
    pool: Pool,
) -> None:
    (mail,) = await sent(pool)
    told = await put(pool, bounce(uuid4()), bounce(mail, fields("ander@example.nl")))
    assert told == ["onbekend", "onbekend"]
    assert (await state(pool, mail))[0] == "verzonden"
    assert (await attempts(pool), await marked(pool)) == ([], [])


async def test_a_delivery_that_is_told_of_is_passed_over(pool: Pool) -> None:
    (mail,) = await sent(pool)
    told = bounce(mail, fields(action="delivered", status="2.0.0"))
    assert await put(pool, told) == ["overgeslagen"]
    assert await attempts(pool) == []


async def test_later_mails_to_the_address_are_withheld_until_the_facts_bring_another(
    pool: Pool,
) -> None:
    person = betrokkene(email="Burger@Example.NL")
    await fill(pool, *register(), zaak(betrokkenen=[person]))
    await store(pool, registration("eerste"))
    await pool.execute("update mail set toestand = 'verzonden'")
    (mail,) = await pool.fetch("select id from mail")
    await put(pool, bounce(mail[0]))
    await store(pool, registration("tweede"))
    fresh = zaak(betrokkenen=[betrokkene(email="nieuw@example.nl")])
    await fill(pool, fresh, time=LATER)
    await store(pool, registration("derde"))
    rows = await pool.fetch(
        """
        select n.toestand, n.reden, m.adres
        from klantcontact as k join notificatie as n on n.klantcontact = k.id
        left join mail as m on m.id = n.mail order by k.id
        """
    )
    assert [tuple(row) for row in rows] == [
        ("opgenomen", None, "Burger@Example.NL"),
        ("achterwege", "adres-ongeldig", None),
        ("opgenomen", None, "nieuw@example.nl"),
    ]


async def test_a_report_without_words_is_on_record_by_its_status(pool: Pool) -> None:
    (mail,) = await sent(pool)
    await put(pool, bounce(mail, fields(status="", diagnostic="smtp;")))
    assert (await state(pool, mail))[2] == "failed (no status)"
    assert (await attempts(pool))[0]["status"] is None


async def test_a_hundred_reports_take_as_many_statements_as_one(database: str, pool: Pool) -> None:
    mails = await sent(pool, 101)
    async with written_down(database) as statements:
        rounds = []
        for part in (mails[:1], mails[1:]):
            statements.ran.clear()
            told = await put(statements.pool, *map(bounce, part))
            assert told == ["teruggekomen"] * len(part)
            rounds.append(statements.texts)
    assert rounds[0] == rounds[1]
    assert await pool.fetchval("select count(*) from dead_letter") == 101
