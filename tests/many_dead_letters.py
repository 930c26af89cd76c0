"""Dead letters by the thousand, made inside PostgreSQL: 40 groups, 30 days, every toestand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.waiting import until
from worker.clock import now
from worker.outcomes import Announcer
from worker.postgres.housekeeping import PostgresHousekeeping

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from worker.postgres.pool import Pool

GROUPS: Final = 40
CODES: Final = (
    "bericht-onleesbaar",
    "bericht-ongeldig",
    "bericht-verlopen",
    "opvoerder-niet-geauthenticeerd",
    "opvoerder-niet-geautoriseerd",
    "zaak-onbekend",
    "zaak-afgesloten",
    "datum-in-de-toekomst",
    "document-ongeldig",
    "onverwacht",
)
KANALEN: Final = ("callcenter", "mailintake", "balie", "portaal")
CODE: Final = "zaak-onbekend"
VELD: Final = "zaak"
QUEUE: Final = "klantcontact.registratie.balie"
_PORTIONS: Final = 20
_SECONDS: Final = 120.0
_ALONE: Final = """
    select not exists (
        select from pg_stat_activity
        where datname = current_database() and backend_xmin is not null
            and pid <> pg_backend_pid()
    )
"""


async def fill_and_keep(pool: Pool, count: int) -> None:
    """As `fill`, while housekeeping and autovacuum do their work as in production."""
    housekeeping = PostgresHousekeeping(pool, Announcer("urn:test"))

    async def keep() -> None:
        while await housekeeping.sum_up(now()):
            pass
        # What another can still see is not cleared away, as while autovacuum analyses a table.
        await until(lambda: pool.fetchval(_ALONE), "nobody else looks at this database")
        await pool.execute("vacuum analyze dead_letter_telling")

    await fill(pool, count, keep)
    await pool.execute("vacuum analyze dead_letter", timeout=_SECONDS)


async def fill(
    pool: Pool, count: int, after_each: Callable[[], Awaitable[None]] | None = None
) -> None:
    """`count` dead letters, ten codes on four queues alike, the newest of this moment.

    Of each group 12 in 16 are open; each zaak has ten, whatever `count` is. Neither group nor
    toestand follows the order in which they came. `after_each` comes after each part of them.
    """
    at_once = -(-count // _PORTIONS)
    moment = now()
    for first in range(0, count, at_once):
        await pool.execute(
            """
            with gemaakt as (
                select n, $3::timestamptz + (hashint4(n) & 1023) * interval '1 microsecond'
                    - n * (interval '30 days' / $2::int) as moment,
                    1 + n % 10 as code,
                    1 + (n + n / 10) % 4 as kanaal,
                    hashint4(n) >> 4 & 15 as lot, md5(n::text) as ruis
                from generate_series($1::int, least($1::int + $4::int, $2::int) - 1) as n
            )
            insert into dead_letter
                (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, zaak,
                 headers, body, eerste, laatste, veld, opnieuw)
            select
                (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0')
                 || '7' || substr(ruis, 1, 3) || '8' || substr(ruis, 4, 15))::uuid,
                case when lot < 12 then 'open' when lot = 12 then 'wacht'
                     when lot = 13 then 'hervat' when lot = 14 then 'opgelost'
                     else 'gearchiveerd' end,
                ($5::text[])[code],
                jsonb_build_object(
                    'type', 'urn:klantcontact:probleem:' || ($5::text[])[code], 'title', 'Refused',
                    'status', 422, 'detail', 'it is not as it should be', 'instance', null,
                    'errors', jsonb_build_array(jsonb_build_object(
                        'code', ($5::text[])[code], 'field', 'opvoerder',
                        'detail', 'it is not as it should be'))),
                'klantcontact.registratie.' || ($6::text[])[kanaal], ($6::text[])[kanaal],
                'urn:applicatie:' || ($6::text[])[kanaal], ruis::uuid::text,
                decode(ruis, 'hex'), 'ZAAK-' || n / 10,
                jsonb_build_object(
                    'headers', jsonb_build_object('authorization', repeat(ruis, 8)),
                    'content_type', 'application/json', 'content_encoding', null,
                    'message_id', ruis, 'user_id', ($6::text[])[kanaal], 'timestamp', moment,
                    'reply_to', null, 'correlation_id', null, 'time', moment),
                convert_to(jsonb_build_object(
                    'zaak', 'ZAAK-' || n / 10, 'datumGezet', moment, 'type', 'call',
                    'toelichting', repeat(ruis, 16),
                    'opvoerder', jsonb_build_object('soort', 'medewerker', 'identificatie', 'm')
                )::text, 'UTF8'), moment, moment,
                case when ($5::text[])[code] = 'zaak-onbekend' then 'zaak' else 'opvoerder' end,
                case when lot in (12, 13) then moment + interval '1 hour' end
            from gemaakt
            """,
            first,
            count,
            moment,
            at_once,
            list(CODES),
            list(KANALEN),
            timeout=_SECONDS,
        )
        if after_each is not None:
            await after_each()
