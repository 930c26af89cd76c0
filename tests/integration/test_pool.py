from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.proxy import passing
from tests.waiting import DEADLINE
from worker.errors import BatchRejected, Conflict, KlantcontactError, Outage, StaleSession
from worker.postgres.failures import translated
from worker.postgres.pool import connected, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.postgres.pool import Pool
    from worker.stack.state import StackState

_DEADLINE = timedelta(seconds=5)
_LESS_THAN_TWO = 9.5
_SECRET = "Voorbeeld Burger"

# What a statement can end in, by its SQLSTATE, and the reaction it asks for.
_REACTIONS: dict[type[KlantcontactError], list[str]] = {
    StaleSession: [
        "08P01",  # protocol violation, as for a value of another width
        "0A000",  # a cached plan must not change its result's type
        "24000",  # invalid cursor state
        "25001",  # in a transaction
        "25P01",  # in no transaction
        "25P02",  # in a transaction that failed
        "26000",  # no such prepared statement
        "34000",  # no such cursor
        "3B001",  # no such savepoint
        "42P05",  # prepared already
    ],
    Conflict: [
        "40001",  # serialization failure
        "40P01",  # deadlock
    ],
    Outage: [
        "08006",  # connection failure
        "25006",  # takes no writes, as a standby
        "25P03",  # a transaction rested for too long
        "25P04",  # a transaction lasted for too long
        "40003",  # nobody knows whether it was committed
        "53100",  # disk full
        "53300",  # too many connections
        "55000",  # takes no connections, as while it is restored
        "55006",  # in use
        "55P03",  # a lock that could not be had in time
        "57014",  # cancelled, as by a timeout
        "57P01",  # the administrator shuts down
        "58030",  # I/O error
        "XX000",  # internal error
        "3D000",  # no such database
        "3F000",  # no such schema
        "42P01",  # no such table
        "42703",  # no such column
        "42501",  # no rights
        "42704",  # no such type
        "42804",  # a column of another type
        "42883",  # no such operator
        "72000",  # a snapshot that is gone
        "28000",  # not let in
        "28P01",  # wrong password
    ],
    BatchRejected: [
        "22001",  # too long
        "22003",  # out of range
        "22021",  # not in the encoding
        "22P02",  # not of the type
        "22P05",  # cannot be stored
        "23502",  # null
        "23503",  # foreign key
        "23505",  # unique
        "23514",  # check
        "54000",  # too large
        "P0001",  # raised by a trigger
    ],
}


@pytest.mark.parametrize(
    ("state", "reaction"),
    [(state, kind) for kind, states in _REACTIONS.items() for state in states],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_error_of_the_database_has_its_reaction_and_quotes_no_data(
    services: StackState, state: str, reaction: type[KlantcontactError]
) -> None:
    with pytest.raises(KlantcontactError) as caught:
        async with connected(services.postgres, size=1) as pool, transaction(pool) as connection:
            await connection.execute(
                f"do $$ begin raise exception using errcode = '{state}', message = 'no such role',"
                f" detail = '{_SECRET}', hint = '{_SECRET}'; end $$"
            )
    assert type(caught.value) is reaction
    assert _SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


async def test_a_stale_session_is_dropped_and_so_are_the_others_of_its_pool(
    services: StackState,
) -> None:
    async with connected(services.postgres, size=2) as pool:

        async def processes() -> set[int]:
            async with pool.acquire() as one, pool.acquire() as other:
                return {await each.fetchval("select pg_backend_pid()") for each in (one, other)}

        async def deallocate_and_ask() -> None:
            async with transaction(pool) as connection:
                await connection.fetchval("select 1")
                await connection.execute("deallocate all")
                await connection.fetchval("select 1")

        before = await processes()
        with pytest.raises(StaleSession, match="SQLSTATE 26000"):
            await deallocate_and_ask()
        assert not before & await processes()


async def test_a_constraint_is_named_and_its_row_is_not(pool: Pool) -> None:
    with pytest.raises(BatchRejected, match=r"SQLSTATE 23502, constraint None$"):
        async with transaction(pool) as connection:
            await connection.execute("insert into inzage (id, door) values (null, $1)", _SECRET)


async def test_a_defect_of_the_program_passes_as_it_is(pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction(pool):
            raise ZeroDivisionError


async def test_a_transaction_that_fails_leaves_nothing(pool: Pool) -> None:
    async def insert_and_fail() -> None:
        async with transaction(pool) as connection:
            await connection.execute(
                "insert into applicatie values ('a', 'callcenter', '{}', '{}', now())"
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_fail()
    assert await pool.fetchval("select count(*) from applicatie") == 0


async def test_an_error_of_our_own_passes_as_it_is() -> None:
    ours = Outage("something else")
    with pytest.raises(Outage) as caught, translated():
        raise ours
    assert caught.value is ours


async def test_a_value_that_the_driver_cannot_send_is_the_fault_of_the_batch(pool: Pool) -> None:
    with pytest.raises(BatchRejected) as caught:
        async with transaction(pool) as connection:
            await connection.execute("select $1::integer", _SECRET)
    assert _SECRET not in str(caught.value)


async def test_a_connection_that_is_cut_is_an_outage(
    pool: Pool, administer: Callable[[str], None]
) -> None:
    async def be_cut() -> None:
        async with transaction(pool) as connection:
            own = await connection.fetchval("select pg_backend_pid()")
            administer(f"select pg_terminate_backend({own})")
            await connection.execute("select 1")

    with pytest.raises(Outage):
        await be_cut()
    assert await pool.fetchval("select 1") == 1


async def test_a_server_that_falls_silent_is_an_outage_after_one_deadline_not_two(
    services: StackState,
) -> None:
    async with (
        passing(services.postgres) as proxy,
        connected(proxy.url, size=1, deadline=_DEADLINE) as pool,
    ):

        async def ask() -> None:
            async with transaction(pool) as connection:
                await connection.execute("select 1")
                proxy.stall()
                await connection.execute("select 2")

        # A cancellation that is waited for would come to its end after two deadlines.
        with pytest.raises(Outage, match="does not answer"):
            await asyncio.wait_for(ask(), _LESS_THAN_TWO)


async def test_who_is_told_to_end_does_not_wait_for_a_silent_server(services: StackState) -> None:
    async with (
        passing(services.postgres) as proxy,
        connected(proxy.url, size=1, deadline=timedelta(hours=1)) as pool,
    ):
        stalled = asyncio.Event()

        async def ask() -> None:
            async with transaction(pool) as connection:
                proxy.stall()
                stalled.set()
                await connection.execute("select 1")

        asking = asyncio.create_task(ask())
        await stalled.wait()
        asking.cancel()
        # A rollback would be waited for as long as a statement may take.
        await asyncio.wait([asking], timeout=DEADLINE)
        assert asking.cancelled()


async def test_what_a_client_has_locked_is_free_when_it_has_vanished(
    database: str, pool: Pool
) -> None:
    async with passing(database) as proxy:

        async def lock_and_vanish() -> None:
            async with (
                connected(proxy.url, size=1, deadline=timedelta(seconds=1)) as other,
                transaction(other) as connection,
            ):
                await connection.execute("lock table zaak in exclusive mode")
                proxy.stall()
                await connection.execute("select 1")

        with pytest.raises(Outage):
            await lock_and_vanish()
        async with transaction(pool) as connection:
            await connection.execute("lock table zaak in exclusive mode")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"port": 1}, "does not answer"),
        ({"database": "niemand"}, "klantcontact migrate"),
        ({"user": "niemand"}, "see to the rights"),
        ({"password": "verkeerd"}, "see to the rights"),
    ],
    ids=["no server", "no database", "no user", "wrong password"],
)
async def test_who_cannot_get_in_is_told_what_to_do(
    services: StackState, change: dict[str, str | int], says: str
) -> None:
    at = urlsplit(services.postgres)
    given = {
        "user": at.username,
        "password": at.password,
        "port": at.port,
        "database": at.path[1:],
        **change,
    }
    url = "postgresql://{user}:{password}@127.0.0.1:{port}/{database}".format(**given)
    with pytest.raises(Outage, match=says) as caught:
        async with connected(url, size=1):
            pass
    assert (at.password or "-") not in str(caught.value)


def test_every_error_of_the_driver_is_translated() -> None:
    own = asyncpg.exceptions.__all__
    kinds = [getattr(asyncpg.exceptions, name) for name in own]
    raised = [kind for kind in kinds if issubclass(kind, Exception)]
    assert len(raised) > 200
    for kind in raised:
        if issubclass(kind, Warning):
            continue
        with pytest.raises(KlantcontactError), translated():
            raise kind(_SECRET)
