"""PostgreSQL refuses, cancels, blocks and is full, for the workers' sessions, and then is well."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.bench.database import connection
from tests.facts import fill, register, zaak
from tests.faults.catalogue import CATALOGUE
from tests.faults.world import Unavailable
from tests.waiting import until
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.world import World

# What asyncpg raises at whose session was ended depends on when it hears of it.
_BETWEEN = 0.01
"""Seconds between two locks, in which another can take one."""
_GONE = (
    asyncpg.AdminShutdownError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


@asynccontextmanager
async def _worker(world: World) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A session that is named as the program's are."""
    opened = await asyncpg.connect(
        world.database,
        server_settings={"application_name": "klantcontact", "search_path": "klantcontact"},
    )
    try:
        yield opened
    finally:
        opened.terminate()


async def test_sessions_of_the_workers_are_terminated_and_no_others(world: World) -> None:
    async with (
        _worker(world) as theirs,
        connection(world.database) as other,
        CATALOGUE["sessions-terminated"](world),
    ):
        with pytest.raises(_GONE):
            await theirs.execute("select 1")
        assert await other.fetchval("select 1") == 1
    async with _worker(world) as theirs:
        assert await theirs.fetchval("select 1") == 1


async def test_statements_of_the_workers_are_cancelled_while_it_lasts(world: World) -> None:
    async with _worker(world) as theirs, connection(world.database) as other:
        async with CATALOGUE["statements-cancelled"](world):
            for _ in range(2):
                with pytest.raises(asyncpg.QueryCanceledError):
                    await theirs.execute("select pg_sleep(30)")
            await other.execute("select pg_sleep(0.3)")
        await theirs.execute("select pg_sleep(0.3)")


async def test_statements_of_new_sessions_time_out_until_it_ends(world: World) -> None:
    async with _worker(world) as before, CATALOGUE["statement-timeout"](world):
        with pytest.raises(_GONE):
            await before.execute("select 1")
        async with _worker(world) as theirs:
            with pytest.raises(asyncpg.QueryCanceledError):
                await theirs.execute("select pg_sleep(30)")
    async with _worker(world) as after:
        await after.execute("select pg_sleep(0.1)")


async def test_as_many_connections_are_left_as_are_kept_for_superusers(world: World) -> None:
    async with _worker(world) as theirs, CATALOGUE["connections-taken"](world):
        with pytest.raises(_GONE):
            await theirs.execute("select 1")
        left = [await asyncpg.connect(world.database) for _ in range(3)]
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await asyncpg.connect(world.database)
        for each in left:
            await each.close()
    many = [await asyncpg.connect(world.database) for _ in range(20)]
    for each in many:
        await each.close()


async def _filled(world: World, *numbers: str) -> None:
    async with connected(world.database, size=2) as pool:
        await fill(pool, *register(), *(zaak(identificatie=number) for number in numbers))


async def test_a_zaak_cannot_be_locked_until_its_holder_lets_go(world: World) -> None:
    await _filled(world, "ZAAK-1")
    share = "select from zaak for share nowait"
    async with _worker(world) as theirs:
        async with CATALOGUE["zaak-locked"](world):
            with pytest.raises(asyncpg.LockNotAvailableError):
                await theirs.execute(share)

        async def free() -> bool:
            try:
                await theirs.execute(share)
            except asyncpg.LockNotAvailableError:
                return False
            return True

        await until(free, "the lock is gone")


async def test_no_zaak_can_be_held_where_there_is_none(world: World) -> None:
    with pytest.raises(Unavailable, match="no zaak"):
        async with CATALOGUE["zaak-locked"](world):
            pass


async def test_whoever_locks_in_the_programs_order_is_the_victim_of_a_deadlock(
    world: World,
) -> None:
    await _filled(world, *(f"ZAAK-{number}" for number in range(1, 6)))
    async with _worker(world) as theirs:
        await theirs.execute("set deadlock_timeout = '50ms'")

        async def victim() -> bool:
            try:
                async with theirs.transaction():
                    for number in range(1, 6):
                        await theirs.execute(
                            "select from zaak where identificatie = $1 for share", f"ZAAK-{number}"
                        )
                        await asyncio.sleep(_BETWEEN)
            except asyncpg.DeadlockDetectedError:
                return True
            return False

        async with CATALOGUE["deadlocks"](world):
            await until(victim, "a deadlock is detected")
        assert not await victim()


_INSERT = """
    insert into outbox (id, soort, onderwerp, beschikbaar)
    select gen_random_uuid(), 'mail', gen_random_uuid(), now() from generate_series(1, 1000)
"""


@pytest.mark.parametrize("name", ["disk-full", "disk-said-to-be-full"])
async def test_rows_are_refused_for_want_of_room_until_there_is_room_again(
    world: World, name: str
) -> None:
    async with _worker(world) as theirs:
        try:
            async with CATALOGUE[name](world):
                with pytest.raises(asyncpg.DiskFullError):
                    await theirs.execute(_INSERT)
        except Unavailable as reason:
            pytest.skip(str(reason))
        await theirs.execute(_INSERT)
        assert await theirs.fetchval("select count(*) from outbox") == 1000
        assert not await theirs.fetchval("select count(*) from pg_tablespace where spcname = 'vol'")
    assert not (world.stack_dir / "full").exists()


_TYPES = """
    select table_name, column_name, data_type, collation_name from information_schema.columns
    where table_schema = 'klantcontact' order by 1, 2
"""


async def test_each_table_is_wider_while_it_lasts_and_is_as_before_when_it_ends(
    world: World,
) -> None:
    async with _worker(world) as theirs:
        before = await theirs.fetch(_TYPES)
        async with CATALOGUE["schema-widened"](world):
            during = await theirs.fetch(_TYPES)
        assert await theirs.fetch(_TYPES) == before
    tables = {row["table_name"] for row in before}
    assert {row["table_name"] for row in during if row["column_name"] == "erbij"} == tables
    assert "smallint" not in {row["data_type"] for row in during}
