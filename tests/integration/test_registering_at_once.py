"""Two transactions at the same time: what each waits for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from tests.contacts import NOW, ZAAK
from tests.facts import fill, zaak
from tests.registering import registrations, store, within
from tests.registrations import accepted, registration, unreadable
from tests.waiting import DEADLINE, until

if TYPE_CHECKING:
    from worker.envelope import Rejection
    from worker.postgres.pool import Pool

LATER = datetime(2026, 11, 2, tzinfo=UTC)


async def _waits_for_a_lock(pool: Pool) -> bool:
    return bool(
        await pool.fetchval(
            "select count(*) from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database()"
        )
    )


async def test_of_two_transactions_with_the_same_key_one_registers(pool: Pool) -> None:
    await fill(pool)
    async with registrations(pool).transaction() as first:
        await within(first, registration("een"))
        second = asyncio.create_task(store(pool, registration("een")))
        await until(lambda: _waits_for_a_lock(pool), "the second waits for the first")
    await second
    assert await pool.fetchval("select count(*) from klantcontact") == 1
    assert await pool.fetchval("select count(*) from mail") == 1


async def test_after_one_that_fails_the_other_with_the_same_key_registers(pool: Pool) -> None:
    await fill(pool)

    async def claim_and_fail() -> asyncio.Task[None]:
        async with registrations(pool).transaction() as first:
            await first.claim([registration("een")], NOW)
            second = asyncio.create_task(store(pool, registration("een")))
            await until(lambda: _waits_for_a_lock(pool), "the second waits for the first")
            fails.append(second)
            raise ZeroDivisionError

    fails: list[asyncio.Task[None]] = []
    try:
        await claim_and_fail()
    except ZeroDivisionError:
        await fails[0]
    assert await pool.fetchval("select count(*) from klantcontact") == 1


async def test_closing_a_zaak_waits_for_a_registration_that_looked_at_it(pool: Pool) -> None:
    await fill(pool)
    async with registrations(pool).transaction() as transaction:
        asked = registration()
        await transaction.claim([asked], NOW)
        facts = await transaction.facts([asked])
        closing = asyncio.create_task(fill(pool, zaak(einddatum="2026-11-20"), time=LATER))
        await until(lambda: _waits_for_a_lock(pool), "the closing waits")
        assert await pool.fetchval("select einddatum from zaak") is None
        await transaction.write([accepted(asked, facts)], NOW)
    await closing
    assert await pool.fetchval("select einddatum from zaak") == date(2026, 11, 20)
    assert await pool.fetchval("select count(*) from klantcontact") == 1


async def test_a_registration_waits_for_a_closing_and_sees_it(pool: Pool) -> None:
    await fill(pool)
    asked = registration()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("update zaak set einddatum = '2026-11-20'")

        async def look() -> date | None:
            async with registrations(pool).transaction() as transaction:
                return (await transaction.facts([asked])).zaken[ZAAK].einddatum

        looking = asyncio.create_task(look())
        await until(lambda: _waits_for_a_lock(pool), "the registration waits")
    assert await looking == date(2026, 11, 20)


async def test_registrations_of_one_zaak_do_not_wait_for_each_other(pool: Pool) -> None:
    await fill(pool)
    async with registrations(pool).transaction() as transaction:
        await within(transaction, registration())
        async with asyncio.timeout(DEADLINE):
            await store(pool, registration())
    assert await pool.fetchval("select count(*) from klantcontact") == 2


async def test_what_is_refused_and_what_is_resolved_is_held_in_one_order(pool: Pool) -> None:
    await fill(pool)
    wrong = [_wrong("een"), _wrong("twee")]
    async with registrations(pool).transaction() as transaction:
        await transaction.write(wrong, NOW)

    async def batch() -> None:
        asked = registration("een")
        async with registrations(pool).transaction() as transaction:
            await transaction.claim([asked], NOW)
            facts = await transaction.facts([asked])
            await transaction.write([accepted(asked, facts), _wrong("twee")], NOW)

    held = "select from dead_letter where bericht_id = $1 for update nowait"
    async with pool.acquire() as other, other.transaction():
        await other.execute(held, "een")
        waiting = asyncio.create_task(batch())
        await until(lambda: _waits_for_a_lock(pool), "the batch waits for the first")
        await other.execute(held, "twee")
    await waiting
    states = await pool.fetch("select toestand, aantal from dead_letter order by bericht_id")
    assert [tuple(row) for row in states] == [("opgelost", 1), ("open", 2)]


async def test_what_is_wrong_is_not_resolved_by_what_is_good_under_its_id_at_once(
    pool: Pool,
) -> None:
    await fill(pool)
    asked = registration("een")
    async with registrations(pool).transaction() as transaction:
        await transaction.claim([asked], NOW)
        facts = await transaction.facts([asked])
        await transaction.write([accepted(asked, facts), _wrong("een")], NOW)
    assert await pool.fetchval("select toestand from dead_letter") == "open"


def _wrong(message_id: str) -> Rejection:
    """One that no key is claimed for."""
    asked = registration(message_id, toelichting="anders")
    return replace(unreadable(asked.delivery), envelope=asked.envelope)
