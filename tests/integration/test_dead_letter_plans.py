"""Whatever asks for dead letters finds them by an index, however many there are."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from tests.many_dead_letters import CODE, CODES, QUEUE, VELD, fill_and_keep
from tests.statements import written_down
from worker.outcomes import Announcer
from worker.postgres.choosing import TOESTANDEN, Choice, chosen
from worker.postgres.dead_letter_details import details
from worker.postgres.dead_letter_export import contents, put_on_record, records
from worker.postgres.dead_letter_groups import groups
from worker.postgres.dead_letter_lists import listed, place
from worker.postgres.housekeeping import PostgresHousekeeping
from worker.postgres.stored import load
from worker.postgres.waiting import wake

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import pytest

    from tests.statements import Statements
    from worker.postgres.pool import Pool

    Query = Callable[[Pool, UUID], Awaitable[object]]

FEW, MANY = 1_000, 20_000
PAGE = 10
_SCAN = re.compile(r'"Node Type": "Seq Scan",[^}]*?"Relation Name": "dead_letter"')


def _chosen(**choice: Any) -> Query:  # noqa: ANN401 (fields of a Choice)
    async def ask(pool: Pool, _: UUID) -> None:
        assert len(await chosen(pool, Choice(**choice), PAGE)) == PAGE

    return ask


def _next_page(**choice: Any) -> Query:  # noqa: ANN401 (fields of a Choice)
    async def ask(pool: Pool, middle: UUID) -> None:
        start = await place(pool, middle)
        assert len(await chosen(pool, Choice(**choice), PAGE, start)) == PAGE

    return ask


async def _of_a_zaak(pool: Pool, _: UUID) -> None:
    assert len(await chosen(pool, Choice(TOESTANDEN, zaak="ZAAK-7"), PAGE + 1)) == PAGE


async def _listed(pool: Pool, middle: UUID) -> None:
    assert await listed(pool, [middle])


async def _groups(pool: Pool, _: UUID) -> None:
    assert len(await groups(pool, ("open",), None, None, datetime.now(UTC))) == 40


async def _show(pool: Pool, middle: UUID) -> None:
    assert await load(pool, [middle])
    assert await details(pool, middle)


async def _export(pool: Pool, middle: UUID) -> None:
    assert await records(pool, [middle])
    assert await contents(pool, [middle])
    await put_on_record(pool, [middle], "jan", None, datetime.now(UTC))


async def _wake(pool: Pool, _: UUID) -> None:
    async with pool.acquire() as connection:
        await wake(connection, ["ZAAK-7", "ZAAK-8"], datetime.now(UTC))


_GROUP = {"code": CODE, "queue": QUEUE, "veld": VELD}
QUERIES: dict[str, Query] = {
    "list": _chosen(),
    "list --toestand alle": _chosen(toestanden=TOESTANDEN),
    "list --code": _chosen(code=CODE),
    "list --group": _chosen(**_GROUP),
    "list --group --toestand alle": _chosen(toestanden=TOESTANDEN, **_GROUP),
    "list --applicatie": _chosen(applicatie="balie"),
    "list --queue": _chosen(queue=QUEUE),
    "list --until": _chosen(until=datetime.now(UTC) - timedelta(days=10)),
    "list --zaak": _of_a_zaak,
    "list --after": _next_page(),
    "list --code --after": _next_page(code=CODE),
    "list --group --toestand alle --after": _next_page(toestanden=TOESTANDEN, **_GROUP),
    "rows of a list": _listed,
    "groups": _groups,
    "show": _show,
    "export": _export,
    "facts of a zaak": _wake,
}


async def _filled(pool: Pool, count: int) -> UUID:
    """So many and no others; one of their midst."""
    await pool.execute("truncate dead_letter cascade")
    await pool.execute("truncate dead_letter_telling")
    await fill_and_keep(pool, count)
    middle: UUID = await pool.fetchval(
        "select id from dead_letter where toestand = 'open' order by id limit 1 offset $1",
        count // 2,
    )
    return middle


async def _plans(statements: Statements, query: Query, middle: UUID) -> list[str]:
    """How each of its statements is carried out, as JSON; what they change is undone."""
    statements.ran.clear()
    await query(statements.pool, middle)
    asked = [each for each in statements.ran if each[1] and "dead_letter" in each[0]]
    plans = []
    async with statements.pool.acquire() as connection:
        for text, arguments in asked:
            changes = connection.transaction()
            await changes.start()
            # What it wrote a moment ago would be in its own way.
            await connection.execute("delete from dead_letter_handeling")
            plan = await connection.fetchval(
                f"explain (analyze, buffers, costs off, timing off, format json) {text}", *arguments
            )
            await changes.rollback()
            plans.append(plan)
    return plans


def _buffers(plans: list[str]) -> int:
    tops = [orjson.loads(plan)[0]["Plan"] for plan in plans]
    return sum(top["Shared Hit Blocks"] + top["Shared Read Blocks"] for top in tops)


async def test_no_query_reads_the_table_or_more_of_it_where_there_is_more(
    database: str, subtests: pytest.Subtests
) -> None:
    async with written_down(database) as statements:
        middle = await _filled(statements.pool, FEW)
        few = {
            name: _buffers(await _plans(statements, query, middle))
            for name, query in QUERIES.items()
        }
        middle = await _filled(statements.pool, MANY)
        for name, query in QUERIES.items():
            plans = await _plans(statements, query, middle)
            with subtests.test(name):
                assert plans
                assert not [plan for plan in plans if _SCAN.search(plan)], plans
                assert _buffers(plans) <= 2 * few[name], plans


async def test_the_counts_are_those_of_the_table_whatever_was_done_to_it(pool: Pool) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 (pytest shows it of a test that failed)
    chance = random.Random(seed)
    housekeeping = PostgresHousekeeping(pool, Announcer("urn:test"))
    for _ in range(60):
        act = chance.choice(_ACTS)
        await pool.execute(act, chance.random(), list(chance.sample(CODES, 2)))
        if chance.random() < 0.2:
            await housekeeping.sum_up(datetime.now(UTC))
        counted = await pool.fetch(_COUNTED)
        assert counted == await pool.fetch(_PLAIN), (seed, act)


_ACTS = (
    """
    insert into dead_letter
        (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, headers, body,
         eerste, laatste, veld)
    select gen_random_uuid(), (array['wacht', 'open', 'hervat'])[1 + n % 3],
           ($2::text[])[1 + n % 2], '{}', 'q' || n % 2, 'a', 'b', gen_random_uuid()::text, '',
           '{}', '', now(), now(), 'zaak'
    from generate_series(1, (20 * $1::float8)::int) as n
    """,
    """
    insert into dead_letter
        (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, headers, body,
         eerste, laatste)
    select id, 'open', code, '{}', queue, applicatie, bron, bericht_id, digest, '{}', '', eerste,
           now()
    from dead_letter where hashtext(id::text) & 1023 < 300 * $1::float8
    on conflict (applicatie, bron, bericht_id, digest) do update set
        toestand = 'open', code = ($2::text[])[1], aantal = dead_letter.aantal + 1,
        laatste = now()
    """,
    """
    update dead_letter
    set toestand = (array['wacht', 'open', 'hervat', 'opgelost', 'gearchiveerd'])
        [1 + (hashtext(id::text || $1::float8) & 1023) % 5]
    where $2::text[] is not null
    """,
    """
    update dead_letter set code = ($2::text[])[2], veld = 'type', laatste = now()
    where code = ($2::text[])[1] and hashtext(id::text) & 1023 < 1024 * $1::float8
    """,
    "update dead_letter set queue = 'q9' where code = any ($2::text[]) and $1::float8 < 0.5",
    """
    delete from dead_letter
    where hashtext(id::text) & 1023 < 300 * $1::float8 and $2::text[] is not null
    """,
)
_COUNTED = """
    select code, queue, veld, toestand, sum(aantal)::bigint as aantal from dead_letter_telling
    where toestand is not null
    group by code, queue, veld, toestand having sum(aantal) <> 0 order by 1, 2, 3, 4
"""
_PLAIN = """
    select code, queue, veld, toestand, count(*) as aantal from dead_letter
    group by code, queue, veld, toestand order by 1, 2, 3, 4
"""
