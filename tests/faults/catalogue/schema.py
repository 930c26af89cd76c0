"""The schema is changed while the program works on it, as by a migration."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.outages import DATABASE
from tests.faults.catalogue.persistence import execute, persistently, session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from tests.faults.world import World

    Connection = asyncpg.Connection[Any] | PoolConnectionProxy[Any]

_WIDER: Final = {"text": "varchar", "smallint": "integer", "integer": "bigint"}
_COLUMNS: Final = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           case when l.collname <> 'default' then format(' collate %I', l.collname) else '' end
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid
    left join pg_collation as l on l.oid = a.attcollation
    where c.relnamespace = 'klantcontact'::regnamespace and c.relkind = 'r'
      and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Widening:
    """What makes every column of a table wider that can be, and adds one; and what undoes it."""

    table: str
    wider: str
    back: str


async def widenings(connection: Connection) -> list[Widening]:
    """One for each table of the schema."""
    tables: dict[str, list[tuple[str, str, str]]] = {}
    for table, column, kind, collation in await connection.fetch(_COLUMNS):
        columns = tables.setdefault(table, [])
        if kind in _WIDER:
            columns.append((column, kind, collation))
    return [_widening(table, columns) for table, columns in tables.items()]


def _widening(table: str, columns: list[tuple[str, str, str]]) -> Widening:
    alter = f"alter table klantcontact.{table}"
    wider = [
        f"alter column {column} type {_WIDER[kind]}{collation}"
        for column, kind, collation in columns
    ]
    back = [f"alter column {column} type {kind}{collation}" for column, kind, collation in columns]
    return Widening(
        table,
        f"{alter} {', '.join(['add column if not exists erbij text', *wider])}",
        f"{alter} {', '.join(['drop column if exists erbij', *back])}",
    )


@asynccontextmanager
async def widened(world: World) -> AsyncIterator[None]:
    """Every table, one after another, gets wider columns and one more."""
    async with session(world) as ours:
        changes = await widenings(ours)
    world.chance.shuffle(changes)
    try:
        for each in changes:
            await persistently(partial(execute, world, each.wider))
        yield
    finally:
        for each in changes:
            await persistently(partial(execute, world, each.back))


# Each change locks tables that refer to it too, in an order that is not the program's: deadlocks.
FAULTS: Final = (Named("schema-widened", widened, DATABASE, repeats_mails=True),)
