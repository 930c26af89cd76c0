from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tests.contacts import NOW
from tests.facts import fill
from tests.integration.test_housekeeping import keeper
from tests.registering import registrations
from tests.registrations import accepted, registration
from tests.waiting import until
from worker.postgres.presence import PostgresPresence, present
from worker.postgres.rates import first_id, registered_since
from worker.presence import Presence, Present

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.postgres.pool import Pool

HOUR = timedelta(hours=1)


def someone(role: str = "intake", number: int = 1, seen: timedelta = timedelta()) -> Present:
    return Present(UUID(int=number), role, "host-1", 12, "0.1.0", NOW - HOUR, NOW + seen)


async def test_who_was_seen_again_is_there_once_as_it_was_seen_last(pool: Pool) -> None:
    store = PostgresPresence(pool)
    for seen in (timedelta(), HOUR):
        await store.seen(someone(seen=seen))
    await store.seen(someone("sink"))
    await store.seen(someone(number=2))
    assert await present(pool) == [
        someone(seen=HOUR),
        someone(number=2),
        someone("sink"),
    ]


async def test_a_role_says_that_it_is_there_and_says_goodbye(pool: Pool) -> None:
    stop = asyncio.Event()

    async def there() -> Sequence[Present]:
        return await present(pool)

    running = asyncio.create_task(Presence(PostgresPresence(pool), "relay", lambda: NOW).run(stop))
    (found,) = await until(there, "it is there")
    assert (found.role, found.since, found.seen) == ("relay", NOW, NOW)
    stop.set()
    await running
    assert await present(pool) == []


async def test_processes_that_were_killed_are_forgotten(pool: Pool) -> None:
    store = PostgresPresence(pool)
    await store.seen(someone(number=1, seen=-HOUR))
    await store.seen(someone(number=2))
    await keeper(pool).forget_processes(NOW)
    assert [each.process for each in await present(pool)] == [UUID(int=2)]


async def test_klantcontacten_are_counted_from_a_moment_on(pool: Pool) -> None:
    await fill(pool)
    asked = [registration(), registration()]
    async with registrations(pool).transaction() as transaction:
        await transaction.claim(asked, NOW)
        facts = await transaction.facts(asked)
        await transaction.write([accepted(each, facts) for each in asked], NOW)
    ids = sorted(each.id for each in asked)
    made = [(each.int >> 80) / 1000 for each in ids]
    moment = NOW.fromtimestamp(made[0], NOW.tzinfo)
    assert first_id(moment) <= ids[0]
    assert await registered_since(pool, moment) == 2
    assert await registered_since(pool, moment + HOUR) == 0
