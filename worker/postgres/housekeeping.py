"""Counts summed up, groups told of, and old rows deleted: each a short transaction of its own.

Processes that do it side by side pass each other by: a step is taken by who holds its lock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from worker.errors import on_new_sessions
from worker.outcomes import Growth
from worker.postgres import writing
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from worker.outcomes import Announcer
    from worker.postgres.pool import Connection, Pool

# Advisory locks are numbers that everybody in the database shares: these are the program's own.
SUMMING: Final = 7_240_001
TELLING: Final = 7_240_002
# How long arrivals are counted by the hour: a day, and the hour that it begins in.
_TREND: Final = timedelta(hours=25)
_MOST_COUNTS: Final = 50_000
_MOST_TOLD: Final = 100
_MOST_LETTERS: Final = 500
_MOST_KEYS: Final = 5_000


class PostgresHousekeeping:
    """The housekeeping's store on PostgreSQL."""

    def __init__(self, pool: Pool, announcer: Announcer) -> None:
        self._pool = pool
        self._announcer = announcer

    @on_new_sessions
    async def sum_up(self, now: datetime) -> bool:
        """Sum up counts that stand on more rows than they need; whether there is more."""
        async with transaction(self._pool) as connection:
            if not await _held(connection, SUMMING):
                return False
            taken: int = await connection.fetchval(
                """
                with gesteld as (
                    select ctid as plaats, code, queue, veld, toestand,
                           case when uur < date_trunc('hour', $1::timestamptz) - $2::interval
                                then '-infinity' else uur end as uur,
                           uur as stond, aantal
                    from dead_letter_telling
                ), teveel as (
                    select code, queue, veld, toestand, uur from gesteld
                    group by code, queue, veld, toestand, uur
                    having count(*) > 1 or bool_or(stond <> uur)
                        or toestand is not null and sum(aantal) = 0
                ), oud as (
                    select g.plaats, g.uur from gesteld as g join teveel as t
                      on (g.code, g.queue, g.veld) = (t.code, t.queue, t.veld)
                     and g.toestand is not distinct from t.toestand
                     and g.uur is not distinct from t.uur
                    order by g.code, g.queue, g.veld, g.toestand, g.uur limit $3
                ), weg as (
                    delete from dead_letter_telling as t using oud where t.ctid = oud.plaats
                    returning t.code, t.queue, t.veld, t.toestand, oud.uur, t.aantal, t.laatste
                ), som as (
                    insert into dead_letter_telling
                        (code, queue, veld, toestand, uur, aantal, laatste)
                    select code, queue, veld, toestand, uur, sum(aantal), max(laatste)
                    from weg group by code, queue, veld, toestand, uur
                    having toestand is null or sum(aantal) <> 0
                )
                select count(*) from weg
                """,
                now,
                _TREND,
                _MOST_COUNTS,
            )
        return taken == _MOST_COUNTS

    @on_new_sessions
    async def grown(self, now: datetime, before: datetime) -> Sequence[Growth]:
        """Put an event in the outbox for each group that grows; committed when it returns."""
        async with transaction(self._pool) as connection:
            if not await _held(connection, TELLING):
                return []
            rows = await connection.fetch(
                """
                with groep as (
                    select code, queue, veld, max(laatste) as laatste,
                           sum(aantal) filter (where toestand = 'open') as aantal
                    from dead_letter_telling group by code, queue, veld
                ), groeit as (
                    select g.code, g.queue, g.veld, g.laatste, g.aantal, eerder.gemeld
                    from groep as g
                    left join dead_letter_groep as eerder using (code, queue, veld)
                    where g.aantal > 0 and (
                        eerder.gemeld is null
                        or eerder.gemeld <= $2 and eerder.gemeld < g.laatste
                    )
                    order by code, queue, veld limit $3
                ), gemeld as (
                    insert into dead_letter_groep as eerder (code, queue, veld, gemeld)
                    select code, queue, veld, $1 from groeit
                    on conflict (code, queue, veld) do update set gemeld = excluded.gemeld
                )
                select g.code, g.queue, g.veld, g.aantal::bigint, (
                    select count(*) from dead_letter as d
                    where d.toestand = 'open' and d.code = g.code and d.queue = g.queue
                      and d.veld = g.veld and d.eerste > coalesce(g.gemeld, '-infinity')
                ), g.laatste
                from groeit as g order by g.code, g.queue, g.veld
                """,
                now,
                before,
                _MOST_TOLD,
            )
            grown = [Growth(*row) for row in rows]
            told = [self._announcer.growing(each, now) for each in grown]
            await writing.send(connection, [], told, now)
        return grown

    @on_new_sessions
    async def forget_resolved(self, before: datetime) -> bool:
        """Delete those whose message was put right before; whether there is more."""
        async with transaction(self._pool) as connection:
            gone: int = await connection.fetchval(
                """
                with oud as (
                    select id from dead_letter
                    where toestand = 'opgelost' and laatste < $1
                    order by laatste limit $2 for update skip locked
                ), weg as (
                    delete from dead_letter as d using oud where d.id = oud.id returning 1
                )
                select count(*) from weg
                """,
                before,
                _MOST_LETTERS,
            )
        return gone == _MOST_LETTERS

    @on_new_sessions
    async def forget_archived(self, before: datetime) -> bool:
        """Delete those that somebody archived before; whether there is more.

        `laatste` tells when the message came. That somebody put it away yesterday is in its
        history, and it stays as long from then on, however old the message is.
        """
        async with transaction(self._pool) as connection:
            gone: int = await connection.fetchval(
                """
                with oud as (
                    select id from dead_letter as d
                    where toestand = 'gearchiveerd' and laatste < $1 and not exists (
                        select 1 from dead_letter_handeling as h
                        where h.dead_letter = d.id and h.handeling = 'archive' and h.moment >= $1
                    )
                    order by laatste limit $2 for update skip locked
                ), weg as (
                    delete from dead_letter as d using oud where d.id = oud.id returning 1
                )
                select count(*) from weg
                """,
                before,
                _MOST_LETTERS,
            )
        return gone == _MOST_LETTERS

    @on_new_sessions
    async def forget_registered(self, before: datetime) -> bool:
        """Delete keys of messages that are too old to come again; whether there is more."""
        async with transaction(self._pool) as connection:
            gone: int = await connection.fetchval(
                """
                with oud as (
                    select applicatie, bron, bericht_id from bericht
                    where geregistreerd < $1 limit $2 for update skip locked
                ), weg as (
                    delete from bericht as b using oud
                    where (b.applicatie, b.bron, b.bericht_id)
                        = (oud.applicatie, oud.bron, oud.bericht_id)
                    returning 1
                )
                select count(*) from weg
                """,
                before,
                _MOST_KEYS,
            )
        return gone == _MOST_KEYS

    @on_new_sessions
    async def forget_tokens(self, before: datetime) -> bool:
        """Delete tokens whose message is too old to come again; whether there is more."""
        async with transaction(self._pool) as connection:
            gone: int = await connection.fetchval(
                """
                with oud as (
                    select sha256 from gebonden_token
                    where eerste < $1 limit $2 for update skip locked
                ), weg as (
                    delete from gebonden_token as g using oud
                    where g.sha256 = oud.sha256 returning 1
                )
                select count(*) from weg
                """,
                before,
                _MOST_KEYS,
            )
        return gone == _MOST_KEYS

    @on_new_sessions
    async def forget_attempts(self, before: datetime) -> bool:
        """Delete attempts at what came no more since; whether there is more."""
        async with transaction(self._pool) as connection:
            gone: int = await connection.fetchval(
                """
                with oud as (
                    select digest from poging
                    where laatste < $1 order by laatste limit $2 for update skip locked
                ), weg as (
                    delete from poging as p using oud where p.digest = oud.digest returning 1
                )
                select count(*) from weg
                """,
                before,
                _MOST_KEYS,
            )
        return gone == _MOST_KEYS

    @on_new_sessions
    async def forget_processes(self, before: datetime) -> None:
        """Delete processes that were seen last before: there are as many as were killed."""
        async with transaction(self._pool) as connection:
            await connection.execute("delete from proces where gezien < $1", before)


async def _held(connection: Connection, number: int) -> bool:
    held: bool = await connection.fetchval("select pg_try_advisory_xact_lock($1)", number)
    return held
