"""Two transactions at the same time: what each waits for."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from tests.contacts import NOW, ZAAK
from tests.facts import fill, zaak
from tests.registering import registrations, store, within
from tests.registrations import accepted, registration
from tests.waiting import until

if TYPE_CHECKING:
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
        async with asyncio.timeout(5):
            await store(pool, registration())
    assert await pool.fetchval("select count(*) from klantcontact") == 2
