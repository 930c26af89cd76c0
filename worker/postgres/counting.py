"""What waits and what failed, counted by index or from counts that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from worker.counting import Counts
from worker.postgres.pool import session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from asyncpg import Record

    from worker.postgres.pool import Pool

# More is not counted: it would take ever longer, and say no more.
MOST: Final = 100_000


class PostgresCounts:
    """The counting's store on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def counts(self, now: datetime) -> Counts:
        """Each number is MOST at most; raises Outage."""
        async with session(self._pool) as connection:
            rows = await connection.fetch(
                """
                select 'outbox' as wat, null as code, null as toestand,
                       count(*) as aantal, min(beschikbaar) as sinds
                from (
                    select beschikbaar from outbox
                    where geparkeerd is null and beschikbaar <= $1
                    order by beschikbaar limit $2
                ) as due
                union all
                select 'geparkeerd', null, null, count(*), null from (
                    select 1 from outbox where geparkeerd is not null limit $2
                ) as parked
                union all
                select 'mail', null, toestand, aantal, null
                from unnest(array[
                    'wacht', 'aangeboden', 'bezig', 'uitgesteld', 'mislukt', 'onzeker'
                ]) as toestand, lateral (
                    select count(*) as aantal from (
                        select 1 from mail as m
                        where m.toestand = toestand.toestand and m.toestand <> 'verzonden' limit $2
                    ) as mails
                ) as of_that where aantal > 0
                union all
                select 'dead_letter', code, toestand, sum(aantal)::bigint, null
                from dead_letter_telling where toestand in ('wacht', 'open', 'hervat')
                group by code, toestand having sum(aantal) > 0
                union all
                select 'wacht', null, null, count(*), min(eerste) from (
                    select eerste from dead_letter
                    where toestand = 'wacht' and opnieuw is not null
                    order by opnieuw limit $2
                ) as waiting
                """,
                now,
                MOST,
            )
        return _counts(rows)


def _counts(rows: Sequence[Record]) -> Counts:
    by_what = {row["wat"]: row for row in rows}
    return Counts(
        by_what["outbox"]["aantal"],
        by_what["outbox"]["sinds"],
        by_what["geparkeerd"]["aantal"],
        {row["toestand"]: row["aantal"] for row in rows if row["wat"] == "mail"},
        {
            (row["code"], row["toestand"]): row["aantal"]
            for row in rows
            if row["wat"] == "dead_letter"
        },
        by_what["wacht"]["sinds"],
    )
