from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.program import run
from worker.errors import Outage, UsageError
from worker.postgres import migrating, schema
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_FILES = sorted(schema.FILES.glob("*.sql"))
_COLUMNS = """
    select table_name, column_name, data_type, is_nullable, column_default
    from information_schema.columns where table_schema = 'klantcontact' order by 1, 2
"""
_CONSTRAINTS = """
    select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'klantcontact'::regnamespace order by 1, 2
"""
_RETYPED = r"alter\s+(?:column\s+)?\w+\s+(?:set\s+data\s+)?type\b"
_INDEXES = "select indexname, indexdef from pg_indexes where schemaname = 'klantcontact' order by 1"


async def _schema(url: str) -> list[Sequence[object]]:
    connection = await asyncpg.connect(url)
    try:
        queries = (_COLUMNS, _CONSTRAINTS, _INDEXES)
        return [tuple(row) for query in queries for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_migrating_twice_applies_everything_once(empty_database: str) -> None:
    assert await migrating.migrate(empty_database) == [file.stem for file in _FILES]
    assert await migrating.migrate(empty_database) == []


async def test_of_two_that_migrate_at_once_one_does_the_work_and_both_succeed(
    empty_database: str,
) -> None:
    # Processes of their own: within one, the second would wait in the same thread.
    environment = {"KLANTCONTACT_POSTGRES_URL": empty_database}
    ended = await asyncio.gather(
        *(run("migrate", "--json", environment=environment) for _ in range(2))
    )
    assert [each.code for each in ended] == [0, 0]
    applied = sorted((each.json()["applied"] for each in ended), key=len)
    assert applied == [[], [file.stem for file in _FILES]]


async def test_the_files_alone_give_the_schema_that_migrating_gives(
    empty_database: str, database: str
) -> None:
    connection = await asyncpg.connect(empty_database)
    for file in _FILES:
        await connection.execute(file.read_text(encoding="utf-8"))
    await connection.close()
    assert await _schema(empty_database) == await _schema(database)


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_a_migration_leaves_the_type_of_each_column(file: Path) -> None:
    # A worker that goes on keeps the types of its first COPY, and the server may take its bytes.
    found = re.findall(_RETYPED, file.read_text(encoding="utf-8"), re.IGNORECASE)
    assert found == []


async def test_a_schema_is_pending_until_it_is_migrated(empty_database: str) -> None:
    async with connected(empty_database, size=1) as pool:
        assert await schema.pending(pool)
        await migrating.migrate(empty_database)
        assert not await schema.pending(pool)


async def test_a_database_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(Outage, match="PostgreSQL does not answer"):
        await migrating.migrate("postgresql://worker@127.0.0.1:1/klantcontact")


async def test_who_may_not_migrate_is_told_so_in_a_line(
    empty_database: str, administer: Callable[[str], None]
) -> None:
    administer("create role niemand login password 'x'")
    url = f"postgresql://niemand:x@{empty_database.rpartition('@')[2]}"
    with pytest.raises(UsageError, match="see to the user's rights"):
        await migrating.migrate(url)
