"""Columns are made wider, and added, under sessions that have prepared their statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.catalogue.schema import widenings

if TYPE_CHECKING:
    from worker.postgres.pool import Pool


_SCHEMA = """
    select string_agg(line, chr(10) order by line) from (
        select concat_ws(' ', table_name, column_name, data_type, collation_name, column_default,
                         is_nullable) as line
        from information_schema.columns where table_schema = 'klantcontact'
        union all
        select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'klantcontact'::regnamespace
        union all
        select indexdef from pg_indexes where schemaname = 'klantcontact'
    ) as lines
"""


async def test_a_schema_that_is_widened_and_narrowed_again_is_what_it_was(pool: Pool) -> None:
    async with pool.acquire() as connection:
        before = await connection.fetchval(_SCHEMA)
        changes = await widenings(connection)
        for each in changes:
            await connection.execute(each.wider)
        assert await connection.fetchval(_SCHEMA) != before
        for each in changes:
            await connection.execute(each.back)
        assert await connection.fetchval(_SCHEMA) == before
