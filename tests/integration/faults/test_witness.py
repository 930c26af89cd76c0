"""The witness of closings sees what was committed too late, and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.bench.database import connection as session
from tests.contacts import ZAAK
from tests.facts import fill
from tests.faults import witness
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from worker.postgres.pool import Pool

    Session = asyncpg.Connection[Any]

CLOSE = "update zaak set einddatum = '2026-11-24'"
LOCK = "select from zaak for share"
REGISTER = """
    insert into klantcontact
        (id, zaak, datum_gezet, type, initiatief, taal, vertrouwelijk, opvoerder_soort,
         opvoerder_identificatie, correctie, applicatie, kanaal, geregistreerd, geforceerd)
    values ($1, $2, now(), 'call', 'klant', 'nl', false, 'medewerker', 'mdw-0042', $3,
            'callcenter', 'callcenter', now(), $3)
"""
WAITS = "select exists (select from pg_locks where not granted)"


@pytest.fixture
async def zaken(pool: Pool, database: str) -> AsyncIterator[Session]:
    """A session of whoever closes zaken, with the witness in its place."""
    await fill(pool)
    await witness.place(database)
    async with session(database) as connection:
        yield connection


async def register(connection: Session, *, forced: bool = False) -> UUID:
    made = uuid4()
    await connection.execute(REGISTER, made, ZAAK, forced)
    return made


async def test_a_contact_on_a_zaak_that_is_closed_is_seen(database: str, zaken: Session) -> None:
    await zaken.execute(CLOSE)
    async with session(database) as connection:
        made = await register(connection)
    assert await witness.seen(zaken) == (f"{made} on {ZAAK}",)


async def test_a_correction_that_may_be_there_is_not(database: str, zaken: Session) -> None:
    await zaken.execute(CLOSE)
    async with session(database) as connection:
        await register(connection, forced=True)
    assert await witness.seen(zaken) == ()


async def test_a_contact_that_was_there_before_the_closing_is_not(
    database: str, zaken: Session
) -> None:
    async with session(database) as connection, connection.transaction():
        await connection.execute(LOCK)
        closing = asyncio.create_task(zaken.execute(CLOSE))
        await until(lambda: connection.fetchval(WAITS), "the closing waits for the contact")
        await register(connection)
    await closing
    assert await witness.seen(zaken) == ()


async def test_a_contact_without_a_lock_that_a_closing_overtakes_is_seen(
    database: str, zaken: Session
) -> None:
    async with session(database) as connection, session(database) as looking:
        ours, theirs = connection.transaction(), zaken.transaction()
        await ours.start()
        made = await register(connection)
        await theirs.start()
        await zaken.execute(CLOSE)
        committing = asyncio.create_task(ours.commit())
        await until(lambda: looking.fetchval(WAITS), "the witness waits for the closing")
        await theirs.commit()
        await committing
    assert await witness.seen(zaken) == (f"{made} on {ZAAK}",)
