"""Connections to PostgreSQL, and its errors as ours."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

from worker import tls
from worker.errors import BatchRejected, KlantcontactError, Outage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

# SQLSTATE classes that say that the database, not the data, is the matter: connection (08),
# resources (53), object state and locks (55), operator intervention (57), system error. 40
# (serialization, deadlock) and 57014 (cancelled, as by a timeout) pass when tried again, as an
# outage is, and so does 25P03 (a transaction that rested).
_OUTAGE_CLASSES = ("08", "25P03", "40", "53", "55", "57", "58", "XX")
_READ_ONLY = "25006"
NO_WRITES = "PostgreSQL takes no writes: is it a standby, or was it made read-only?"
# Schema or rights are missing: an administrator's to mend, and no message's fault.
_SETUP_STATES = {"3D000", "3F000", "42P01", "42703", "42501", "28000", "28P01"}
_TLS = (
    "see to KLANTCONTACT_POSTGRES_TLS_* and the host; "
    "sslmode in KLANTCONTACT_POSTGRES_URL says if it must be verified"
)
# At the command line somebody waits for a large answer.
_DEADLINE = timedelta(seconds=30)
# What is at rest for longer is closed: it may have died since, which only its use would tell.
_IDLE_SECONDS = 3
_SETTINGS = {"application_name": "klantcontact", "search_path": "klantcontact"}
_BY_INDEX = {"enable_seqscan": "off", "enable_bitmapscan": "off"}


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg raises into Outage or BatchRejected, without any of the data."""
    try:
        yield
    except KlantcontactError:
        raise
    except asyncpg.PostgresError as error:
        raise _translation(error) from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        if insecure := _insecure(error):
            raise Outage(f"PostgreSQL {insecure}; {_TLS}") from None
        msg = f"PostgreSQL does not answer ({type(error).__name__}); is it up, and reachable?"
        raise Outage(msg) from None


def _insecure(error: Exception) -> str | None:
    """What is the matter with TLS, if that is it: asyncpg has no type for a server without."""
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return "speaks no TLS there"
    return tls.failure(error)


def _translation(error: asyncpg.PostgresError) -> KlantcontactError:
    state = error.sqlstate or ""
    if state in _SETUP_STATES:
        msg = (
            f"PostgreSQL refuses: {error.args[0]}; run `klantcontact migrate`, or see to the rights"
        )
        return Outage(msg)
    if state == _READ_ONLY:
        return Outage(NO_WRITES)
    if state.startswith(_OUTAGE_CLASSES):
        return Outage(f"PostgreSQL cannot work just now (SQLSTATE {state})")
    # The message of the error may quote a value; the state and the constraint do not.
    constraint = getattr(error, "constraint_name", None)
    return BatchRejected(f"SQLSTATE {state}, constraint {constraint}")


@asynccontextmanager
async def connected(
    url: str, *, size: int, by_index: bool = False, deadline: timedelta = _DEADLINE
) -> AsyncIterator[Pool]:
    """A pool of up to `size` connections; raises Outage if the database cannot be reached.

    No statement takes longer than `deadline`, and no transaction rests for longer: the server
    sees to it too, so that what a client that vanished has locked is free again.

    `by_index` is for whoever works on tables that are empty at one moment and full at the next,
    as the outbox is: statistics are always late there, and a plan that reads and sorts all of
    it, chosen while it was empty, is kept.
    """
    with translated():
        pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=size,
            max_inactive_connection_lifetime=_IDLE_SECONDS,
            timeout=5,
            command_timeout=deadline.total_seconds(),
            server_settings=_SETTINGS | _patience(deadline) | (_BY_INDEX if by_index else {}),
            reset=_kept,
        )
    try:
        async with session(pool):
            pass
        yield pool
    finally:
        pool.terminate()


def _patience(deadline: timedelta) -> dict[str, str]:
    milliseconds = str(int(deadline.total_seconds() * 1000))
    return {
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
    }


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
