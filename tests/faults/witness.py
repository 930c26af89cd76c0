"""A witness within the database: contacts that are committed on a zaak which is closed by then.

It looks at the very end of each transaction that adds contacts, so it needs no clock. The lock
that it takes is one that the program has already; where the program has none, the witness waits
for whoever is closing the zaak at that moment, and sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.bench import database

if TYPE_CHECKING:
    import asyncpg

_MAKE: Final = """
    create schema faults;
    create table faults.late (klantcontact uuid primary key, zaak text not null);
    create function faults.look() returns trigger language plpgsql as $$
    declare
        ended date;
    begin
        select einddatum into ended from klantcontact.zaak
        where identificatie = new.zaak for share;
        if ended is not null and not new.geforceerd then
            insert into faults.late values (new.id, new.zaak);
        end if;
        return null;
    end $$;
    create constraint trigger late after insert on klantcontact.klantcontact
        deferrable initially deferred for each row execute function faults.look();
"""


async def place(url: str) -> None:
    """Put it into the run's own database."""
    async with database.connection(url) as connection:
        await connection.execute(_MAKE)


async def seen(connection: asyncpg.Connection[asyncpg.Record]) -> tuple[str, ...]:
    """The contacts that it saw."""
    rows = await connection.fetch("select klantcontact, zaak from faults.late order by 1")
    return tuple(f"{row[0]} on {row[1]}" for row in rows)
