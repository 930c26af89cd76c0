from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.contacts import NOW, ZAAK
from tests.facts import betrokkene, fill, zaak
from tests.posted import due_mails
from tests.registering import ANNOUNCER, registrations
from tests.registrations import accepted, registration
from tests.waiting import until
from worker.domain.notifications import Soort
from worker.finishing import Finished
from worker.postgres.outbox import PostgresOutbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.postgres.pool import Pool
    from worker.registration import Registration
    from worker.relay import DueMail

WINDOW = timedelta(minutes=15)
DUE = NOW + WINDOW
LATER = DUE + timedelta(minutes=1)


@pytest.fixture
async def outbox(pool: Pool) -> PostgresOutbox:
    await fill(pool)
    return PostgresOutbox(pool, ANNOUNCER)


async def add(
    pool: Pool, *asked: Registration, now: datetime = NOW, window: timedelta = WINDOW
) -> None:
    """Register them in one batch; of events there is nothing to see here."""
    async with registrations(pool, window).transaction() as transaction:
        await transaction.claim(asked, now)
        facts = await transaction.facts(asked)
        await transaction.write([accepted(each, facts) for each in asked], now)
    await pool.execute("delete from outbox where soort <> 'mail'")


async def told_in(pool: Pool) -> list[set[UUID]]:
    """The klantcontacten of each mail, the oldest mail first."""
    rows = await pool.fetch(
        "select array_agg(klantcontact) from notificatie where mail is not null"
        " group by mail order by mail"
    )
    return [set(row[0]) for row in rows]


async def claim(outbox: PostgresOutbox, now: datetime = DUE) -> Sequence[DueMail]:
    return await due_mails(outbox, now, now + timedelta(minutes=1), 10)


async def test_contacts_within_the_window_are_one_mail_that_lists_them(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    one = registration(datumGezet="2026-11-02T10:00:00+01:00")
    other = registration(datumGezet="2026-11-01T10:00:00+01:00", type="face")
    await add(pool, one)
    await add(pool, other, now=NOW + timedelta(minutes=14))
    assert await told_in(pool) == [{one.id, other.id}]
    assert await claim(outbox, DUE - timedelta(seconds=1)) == []
    (due,) = await claim(outbox, DUE)
    assert [(each.type, each.dag.day) for each in due.facts.contacten] == [("face", 1), ("call", 2)]
    assert await pool.fetchval("select count(*) from outbox") == 1


async def test_contacts_of_one_batch_are_one_mail(pool: Pool, outbox: PostgresOutbox) -> None:
    asked = [registration() for _ in range(3)]
    await add(pool, *asked)
    assert await told_in(pool) == [{each.id for each in asked}]
    assert len(await claim(outbox)) == 1


async def test_a_contact_that_comes_while_the_mail_is_offered_goes_into_the_next(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    one, other = registration(), registration()
    await add(pool, one)
    (due,) = await claim(outbox)
    await add(pool, other, now=DUE)
    assert await told_in(pool) == [{one.id}, {other.id}]
    assert len(due.facts.contacten) == 1
    await outbox.settle([due.row], [], DUE)
    assert await claim(outbox, DUE) == []
    (following,) = await claim(outbox, DUE + WINDOW)
    assert following.facts.mail != due.facts.mail


async def test_a_mail_that_was_taken_up_and_not_sent_is_joined_by_nobody(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    one, other = registration(), registration()
    await add(pool, one)
    await claim(outbox)
    await add(pool, other, now=LATER)
    (again,) = await claim(outbox, LATER)
    assert len(again.facts.contacten) == 1


async def test_whoever_joins_while_a_relay_takes_the_mail_up_waits_and_makes_the_next(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    one, other = registration(), registration()
    await add(pool, one)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("update mail set open = false")
        joining = asyncio.create_task(add(pool, other))
        await until(lambda: _waits(pool), "the second one waits for the mail")
    await joining
    assert await told_in(pool) == [{one.id}, {other.id}]
    assert len(await claim(outbox, LATER)) == 2


async def test_a_relay_waits_for_whoever_is_joining_and_tells_of_it(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    one, other = registration(), registration()
    await add(pool, one)
    async with registrations(pool, WINDOW).transaction() as transaction:
        await transaction.claim([other], NOW)
        facts = await transaction.facts([other])
        await transaction.write([accepted(other, facts)], NOW)
        claiming = asyncio.create_task(outbox.claim(DUE, LATER, 1))
        await until(lambda: _waits(pool), "the relay waits for the one who joins")
    (due,) = await claiming
    assert len(due.facts.contacten) == 2  # type: ignore[union-attr]  # a mail, or this fails
    assert await told_in(pool) == [{one.id, other.id}]


async def _waits(pool: Pool) -> bool:
    return bool(
        await pool.fetchval(
            "select count(*) from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database()"
        )
    )


async def test_what_others_are_told_is_a_mail_of_its_own(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    people = [
        betrokkene(),
        betrokkene(identificatie="b-2", rol="belanghebbende", email="BURGER@example.nl"),
        betrokkene(identificatie="b-3", rol="gemachtigde", email="ander@example.nl"),
        betrokkene(identificatie="mdw-7", rol="behandelaar", email="collega@example.nl"),
    ]
    await fill(pool, zaak(betrokkenen=people), zaak(identificatie="ZAAK-2"))
    await add(pool, registration(), registration(), registration(zaak="ZAAK-2"))
    due = await claim(outbox)
    assert sorted(
        (each.facts.zaak, each.facts.adres, each.facts.soort, len(each.facts.contacten))
        for each in due
    ) == [
        ("ZAAK-2", "burger@example.nl", Soort.TOEGEVOEGD, 1),
        (ZAAK, "ander@example.nl", Soort.TOEGEVOEGD, 2),
        (ZAAK, "burger@example.nl", Soort.TOEGEVOEGD, 2),
        (ZAAK, "collega@example.nl", Soort.BEHANDELAAR, 2),
    ]


async def test_whoever_stands_in_two_roles_at_one_address_gets_one_mail(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    people = [
        betrokkene(rol="behandelaar"),
        betrokkene(rol="belanghebbende"),
        betrokkene(identificatie="b-2", rol="belanghebbende"),
    ]
    await fill(pool, zaak(betrokkenen=people))
    await add(pool, registration(), window=timedelta(0))
    await add(pool, registration())
    due = await claim(outbox)
    assert [each.facts.adres for each in due] == ["burger@example.nl"] * 2


async def test_an_address_that_came_back_is_told_nothing_until_the_facts_bring_another(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    await pool.execute(
        "insert into onbestelbaar values ('burger@example.nl', gen_random_uuid(), '5.1.1', now())"
    )
    await fill(pool, zaak(betrokkenen=[betrokkene(email="Burger@example.nl")]))
    await add(pool, registration())
    rows = await pool.fetch("select toestand, reden from notificatie")
    assert [tuple(row) for row in rows] == [("achterwege", "adres-ongeldig")]
    other = zaak(betrokkenen=[betrokkene(email="ander@example.nl")])
    await fill(pool, other, time=NOW)
    await add(pool, registration())
    assert [each.facts.adres for each in await claim(outbox)] == ["ander@example.nl"]


async def test_without_a_window_each_contact_is_a_mail_at_once(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    await add(pool, registration(), registration(), window=timedelta(0))
    await add(pool, registration(), window=timedelta(0))
    assert len(await claim(outbox, NOW)) == 3
    assert await pool.fetchval("select count(*) from mail where open") == 0


async def test_many_at_once_make_one_mail_between_them(pool: Pool, outbox: PostgresOutbox) -> None:
    asked = [registration() for _ in range(12)]
    await asyncio.gather(*(add(pool, each) for each in asked))
    assert await told_in(pool) == [{each.id for each in asked}]
    assert len(await claim(outbox)) == 1


async def test_of_two_relays_that_render_one_mail_the_first_bytes_go_out(
    pool: Pool, outbox: PostgresOutbox
) -> None:
    await add(pool, registration())
    (due,) = await claim(outbox)
    mail = due.facts.mail
    first = Finished(mail, "burger@example.nl", b"eerst", "a")
    second = Finished(mail, "burger@example.nl", b"daarna", "b")
    assert await outbox.freeze([first], LATER) == {mail: None}
    assert await outbox.freeze([second], LATER) == {mail: b"eerst"}
    rows = await pool.fetch("select bytes, sjabloon from mail")
    assert [tuple(row) for row in rows] == [(b"eerst", "a")]
