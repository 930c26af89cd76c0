"""Sessions with PostgreSQL from a pool, and transactions on them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import asyncpg

from worker.clock import database_now
from worker.postgres.connecting import beginning, hosts
from worker.postgres.failures import FAILURES, stale, translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

# At the command line somebody waits for a large answer.
_DEADLINE = timedelta(seconds=30)
# What is at rest for longer is closed: it may have died since, which only its use would tell.
_IDLE_SECONDS = 3


@asynccontextmanager
async def connected(
    url: str,
    *,
    size: int,
    by_index: bool = False,
    compared: bool = False,
    deadline: timedelta = _DEADLINE,
) -> AsyncIterator[Pool]:
    """A pool of up to `size` connections; raises Outage if the database cannot be reached.

    The database's clock is read as it is opened.

    No statement takes longer than `deadline`, and no transaction rests for longer: the server
    sees to it too, so that what a client that vanished has locked is free again.

    `by_index` is for whoever works on tables that are empty at one moment and full at the next,
    as the outbox is: statistics are always late there, and a plan that reads and sorts all of
    it, chosen while it was empty, is kept.

    `compared` has every host of the URL looked at first: of two primaries the newer is used.
    """
    statements = beginning(deadline, by_index=by_index)

    async def begin(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        await connection.execute(statements)

    reached = hosts(url)
    if compared:
        await reached.look_around()
    with translated():
        pool = await asyncpg.create_pool(
            min_size=0,
            max_size=size,
            max_inactive_connection_lifetime=_IDLE_SECONDS,
            command_timeout=deadline.total_seconds(),
            server_settings={"application_name": "klantcontact"},
            connect=reached.connect,
            init=begin,
            reset=_kept,
        )
    try:
        async with session(pool) as connection:
            await reached.check(connection)
            await database_now.read(partial(connection.fetchval, "select clock_timestamp()"))
        yield pool
    finally:
        pool.terminate()


async def _kept(_: object) -> None:
    """Nothing of ours stays in a session, so nothing is asked of the server after each use.

    The driver itself rolls back and forgets its listeners.
    """


@asynccontextmanager
async def session(pool: Pool) -> AsyncIterator[Connection]:
    """One connection of the pool, given up once it was silent for too long, or nobody waits for it.

    The driver would ask the server to cancel the statement, and wait for that as long again.
    """
    with translated():
        async with pool.acquire() as connection:
            try:
                yield connection
            except (TimeoutError, asyncio.CancelledError):
                connection.terminate()
                raise
            except FAILURES as error:
                if stale(error):
                    connection.terminate()
                    await pool.expire_connections()
                raise


async def takes_writes(pool: Pool) -> bool:
    """Whether it is neither a standby nor read-only: who may only read finds out at a write."""
    async with session(pool) as connection:
        found: bool = await connection.fetchval(
            "select current_setting('transaction_read_only') = 'off'"
        )
    return found


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction on one connection of the pool."""
    async with session(pool) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        except (TimeoutError, asyncio.CancelledError):
            raise
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()
