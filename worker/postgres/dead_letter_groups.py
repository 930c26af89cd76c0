"""Dead letters by cause: how many of each, since when, and how it went in the last day.

The numbers are kept as the dead letters come and go; none of it depends on how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from worker.postgres.failures import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from worker.postgres.pool import Connection, Pool

HOURS: Final = 24
_HOUR: Final = timedelta(hours=1)

Name = tuple[str, str, str]
"""Code, queue and field."""


@dataclass(frozen=True, slots=True)
class Group:
    """One cause. `count` is how many are in the toestanden asked for, `first` their oldest.

    `last` is the last arrival, `trend` the arrivals of the last 24 hours on the clock, the
    present one last; both whatever became of them.
    """

    code: str
    queue: str
    veld: str
    count: int
    first: datetime | None
    last: datetime | None
    trend: tuple[int, ...]


async def groups(
    database: Pool | Connection,
    toestanden: Sequence[str],
    code: str | None,
    queue: str | None,
    now: datetime,
) -> list[Group]:
    """Those that have any in `toestanden`, the largest first; `queue` is the full name."""
    start = now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * _HOUR
    with translated():
        counted = await database.fetch(
            """
            select * from (
                select code, queue, veld,
                       sum(aantal) filter (where toestand = any ($1::text[]))::bigint as aantal,
                       max(laatste),
                       array_agg((date_part('epoch', uur - $4) / 3600)::int)
                           filter (where uur >= $4),
                       array_agg(aantal) filter (where uur >= $4)
                from dead_letter_telling
                where ($2::text is null or code = $2) and ($3::text is null or queue = $3)
                group by code, queue, veld
            ) as groep
            where aantal > 0 order by aantal desc, code, queue, veld
            """,
            list(toestanden),
            code,
            queue,
            start,
        )
        first = await _first(database, toestanden, [(row[0], row[1], row[2]) for row in counted])
    return [
        Group(code, queue, veld, count, first[code, queue, veld], last, _trend(hours, numbers))
        for code, queue, veld, count, last, hours, numbers in counted
    ]


def _trend(hours: Sequence[int] | None, numbers: Sequence[int] | None) -> tuple[int, ...]:
    """The arrivals of each hour; an hour may be there more than once.

    What arrived by a clock that is ahead counts as just now.
    """
    trend = [0] * HOURS
    for hour, number in zip(hours or (), numbers or (), strict=True):
        trend[hour if hour < HOURS else -1] += number
    return tuple(trend)


async def _first(
    database: Pool | Connection, toestanden: Sequence[str], names: Sequence[Name]
) -> Mapping[Name, datetime | None]:
    """When the oldest of each that is in `toestanden` came first."""
    rows = await database.fetch(
        """
        select g.code, g.queue, g.veld, min(d.eerste)
        from unnest($2::text[], $3::text[], $4::text[]) as g (code, queue, veld)
        cross join unnest($1::text[]) as gevraagd (toestand)
        left join lateral (
            select eerste from dead_letter
            where toestand = gevraagd.toestand
              and code = g.code and queue = g.queue and veld = g.veld
            order by eerste limit 1
        ) as d on true
        group by g.code, g.queue, g.veld
        """,
        list(toestanden),
        *([name[place] for name in names] for place in range(3)),
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}
