"""How often deliveries that come again were tried, by digest: each call commits by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.postgres.pool import session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from worker.postgres.pool import Pool


class PostgresAttempts:
    """The suspects' store on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def earlier(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        """Attempts by digest, of those that were tried; raises Outage."""
        async with session(self._pool) as connection:
            rows = await connection.fetch(
                "select digest, aantal from poging where digest = any ($1::bytea[])", list(digests)
            )
        return {row[0]: row[1] for row in rows}

    async def count(self, digests: Sequence[bytes], now: datetime) -> None:
        """One more of each, in one order, so that nobody waits for each other; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute(
                """
                insert into poging as p (digest, aantal, laatste)
                select digest, 1, $2 from unnest($1::bytea[]) as nieuw (digest)
                on conflict (digest) do update
                    set aantal = p.aantal + 1, laatste = excluded.laatste
                """,
                sorted(digests),
                now,
            )

    async def uncount(self, attempts: Mapping[bytes, int]) -> None:
        """So many less, down to none; raises Outage."""
        in_order = sorted(attempts)
        async with session(self._pool) as connection:
            await connection.execute(
                """
                with terug as (
                    select p.digest, minder.aantal
                    from unnest($1::bytea[], $2::int[]) as minder (digest, aantal)
                    join poging as p using (digest) order by p.digest for update of p
                )
                update poging as p set aantal = greatest(0, p.aantal - terug.aantal)
                from terug where p.digest = terug.digest
                """,
                in_order,
                [attempts[each] for each in in_order],
            )

    async def forget(self, digests: Sequence[bytes]) -> None:
        """They had a result; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute(
                """
                with weg as (
                    select digest from poging where digest = any ($1::bytea[])
                    order by digest for update
                )
                delete from poging as p using weg where p.digest = weg.digest
                """,
                list(digests),
            )
