from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from tests.contacts import NOW
from tests.facts import fill
from tests.fakes import Lines
from tests.integration.test_housekeeping import keeper
from tests.registering import registrations
from tests.registrations import accepted, registration
from tests.waiting import until
from worker.postgres.presence import PostgresPresence, opened, present
from worker.postgres.rates import first_id, registered_since
from worker.presence import Presence, Present
from worker.standing import Standing, State

if TYPE_CHECKING:
    from worker.postgres.pool import Pool

HOUR = timedelta(hours=1)


def someone(
    role: str = "intake", number: int = 1, seen: timedelta = timedelta(), reason: str | None = None
) -> Present:
    state = State.OUT if reason else State.READY
    return Present(
        UUID(int=number), role, "host-1", 12, "0.1.0", state, reason, NOW - HOUR, NOW + seen
    )


async def test_who_was_seen_again_is_there_once_as_it_was_seen_last(pool: Pool) -> None:
    store = PostgresPresence(pool)
    await store.seen([someone(), someone("sink")])
    await store.seen([someone(seen=HOUR, reason="RabbitMQ does not answer"), someone("sink")])
    await store.seen([someone(number=2)])
    assert await present(pool) == [
        someone(seen=HOUR, reason="RabbitMQ does not answer"),
        someone(number=2),
        someone("sink"),
    ]


async def test_the_host_of_the_broker_is_kept_with_the_role(pool: Pool) -> None:
    store = PostgresPresence(pool)
    await store.seen([someone()])
    there = replace(someone(), broker="mq-1.example.nl:5671")
    await store.seen([there])
    assert await present(pool) == [there]


async def test_who_ends_is_gone_with_all_its_roles_and_nobody_else_is(pool: Pool) -> None:
    store = PostgresPresence(pool)
    await store.seen([someone(), someone("sink"), someone(number=2)])
    await store.gone(UUID(int=1))
    assert await present(pool) == [someone(number=2)]


async def test_a_role_that_the_version_before_told_of_is_ready(pool: Pool) -> None:
    await pool.execute(
        "insert into proces (id, rol, host, pid, versie, begonnen, gezien)"
        " values ($1, 'intake', 'host-1', 12, '0.1.0', $2, $3)",
        UUID(int=1),
        NOW - HOUR,
        NOW,
    )
    assert await present(pool) == [someone()]


async def test_a_process_tells_at_once_what_changed_and_takes_it_back_in_the_end(
    pool: Pool, database: str
) -> None:
    changed = asyncio.Event()
    standing = Standing("relay", Lines().log, tell=changed.set)
    told_by = partial(opened, database)
    # Of its own accord it would not say again that it is there.
    presence = Presence(told_by, [standing], changed, lambda: NOW, every=timedelta(days=1))

    async def told() -> tuple[str, str | None] | None:
        found = [(each.state, each.reason) for each in await present(pool)]
        return found[0] if found != before else None

    before: list[tuple[str, str | None]] = []
    running = asyncio.create_task(presence.run())
    assert await until(told, "it is there") == (State.STARTING, None)
    before = [(State.STARTING, None)]
    standing.out("RabbitMQ closed the connection", 1)
    assert await until(told, "it is out") == (State.OUT, "RabbitMQ closed the connection")
    presence.end()
    await running
    assert await present(pool) == []


async def test_processes_that_were_killed_are_forgotten(pool: Pool) -> None:
    store = PostgresPresence(pool)
    await store.seen([someone(number=1, seen=-HOUR), someone(number=2)])
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
