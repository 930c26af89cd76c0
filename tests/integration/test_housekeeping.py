from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from uuid_utils.compat import uuid7

from tests import many_dead_letters
from tests.contacts import NOW
from tests.facts import fill
from tests.registering import SOURCE, store
from tests.registrations import bound_by, refused, registration
from tests.statements import written_down
from tests.waiting import DEADLINE
from worker.errors import Code, Violation
from worker.outcomes import DEAD_LETTERS_GROEIEN, Announcer
from worker.postgres import dead_letter_groups
from worker.postgres.attempts import PostgresAttempts
from worker.postgres.choosing import TOESTANDEN
from worker.postgres.dead_letters import store_dead_letters
from worker.postgres.housekeeping import SUMMING, TELLING, PostgresHousekeeping
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from datetime import datetime

    from worker.postgres.pool import Pool

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZAAK_FIELD = Violation(Code.ZAAK_ONBEKEND, "because", "zaak")
MADE_UP = Violation(Code.ONGELDIG, "because", "bsn van mevrouw", made_up=True)


def keeper(pool: Pool) -> PostgresHousekeeping:
    return PostgresHousekeeping(pool, Announcer(SOURCE))


async def refuse(
    pool: Pool, *ids: str, now: datetime = NOW, violation: Violation = ZAAK_FIELD
) -> None:
    async with transaction(pool) as connection:
        rejected = [refused(registration(each), violation) for each in ids]
        await store_dead_letters(connection, rejected, now)


async def counts(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        """
        select code, queue, veld, toestand, sum(aantal) from dead_letter_telling
        where toestand is not null group by code, queue, veld, toestand
        having sum(aantal) <> 0 order by code, queue, veld, toestand
        """
    )
    return [tuple(row) for row in rows]


async def rows(pool: Pool) -> int:
    found: int = await pool.fetchval("select count(*) from dead_letter_telling")
    return found


async def real_counts(pool: Pool) -> list[tuple[Any, ...]]:
    found = await pool.fetch(
        """
        select code, queue, veld, toestand, count(*) from dead_letter
        group by code, queue, veld, toestand order by code, queue, veld, toestand
        """
    )
    return [tuple(row) for row in found]


async def test_counts_that_are_summed_up_say_the_same_on_fewer_rows(pool: Pool) -> None:
    for number in range(6):
        await refuse(pool, f"m-{number}")
        await refuse(pool, f"n-{number}", violation=MADE_UP)
    await pool.execute("update dead_letter set toestand = 'gearchiveerd' where veld = '?'")
    before = await counts(pool), await dead_letter_groups.groups(pool, TOESTANDEN, None, None, NOW)
    assert not await keeper(pool).sum_up(NOW)
    after = await counts(pool), await dead_letter_groups.groups(pool, TOESTANDEN, None, None, NOW)
    assert before == after
    assert after[0] == await real_counts(pool)
    # Of each group one row of its toestand and one of its hour.
    assert await rows(pool) == 4


async def test_arrivals_of_more_than_a_day_ago_are_one_row_with_the_last_of_them(
    pool: Pool,
) -> None:
    for hours in (0, 1, 24, 26, 27, 50):
        await refuse(pool, f"m-{hours}", now=NOW - hours * HOUR)
    await keeper(pool).sum_up(NOW)
    found = await pool.fetch(
        "select case when uur = '-infinity' then null else uur end as uur, aantal, laatste"
        " from dead_letter_telling where uur is not null order by laatste"
    )
    assert [tuple(row) for row in found] == [
        (None, 3, NOW - 26 * HOUR),
        (NOW - 24 * HOUR, 1, NOW - 24 * HOUR),
        (NOW - HOUR, 1, NOW - HOUR),
        (NOW, 1, NOW),
    ]


async def test_a_group_of_which_none_is_left_in_a_toestand_has_no_row_for_that(
    pool: Pool,
) -> None:
    await refuse(pool, "een")
    await pool.execute("update dead_letter set toestand = 'opgelost'")
    await keeper(pool).sum_up(NOW)
    found = await pool.fetch("select toestand, aantal from dead_letter_telling where uur is null")
    assert [tuple(row) for row in found] == [("opgelost", 1)]
    await pool.execute("delete from dead_letter")
    await keeper(pool).sum_up(NOW)
    assert await pool.fetchval("select count(*) from dead_letter_telling where uur is null") == 0


async def test_where_there_is_nothing_to_sum_up_nothing_is_written(pool: Pool) -> None:
    await refuse(pool, "een", now=NOW - 2 * DAY)
    await refuse(pool, "twee")
    await keeper(pool).sum_up(NOW)
    before = await pool.fetch("select ctid::text, xmin::text from dead_letter_telling")
    await keeper(pool).sum_up(NOW)
    assert await pool.fetch("select ctid::text, xmin::text from dead_letter_telling") == before


async def test_counting_goes_on_while_it_is_summed_up_by_two_at_once(pool: Pool) -> None:
    keepers = [keeper(pool), keeper(pool)]

    async def arrive(name: str) -> None:
        for number in range(40):
            await refuse(pool, f"{name}-{number}")

    async def tidy() -> None:
        for _ in range(10):
            await asyncio.gather(*(each.sum_up(NOW) for each in keepers))

    await asyncio.gather(arrive("a"), arrive("b"), tidy())
    await keepers[0].sum_up(NOW)
    assert await counts(pool) == await real_counts(pool)
    assert (await counts(pool))[0][-1] == 80
    arrivals = "select sum(aantal) from dead_letter_telling where uur is not null"
    assert await pool.fetchval(arrivals) == 80


async def test_what_one_housekeeper_is_at_another_passes_by(pool: Pool) -> None:
    await refuse(pool, "een")
    await refuse(pool, "twee")
    before = await rows(pool)
    async with pool.acquire() as connection, connection.transaction():
        # Whatever is held by somebody who is at it, by its number.
        for number in (SUMMING, TELLING):
            await connection.execute("select pg_advisory_xact_lock($1)", number)
        async with asyncio.timeout(DEADLINE):
            assert not await keeper(pool).sum_up(NOW)
            assert await keeper(pool).grown(NOW, NOW - HOUR) == []
    assert await rows(pool) == before
    await keeper(pool).sum_up(NOW)
    assert await rows(pool) < before


async def archived(pool: Pool, name: str, *, came: datetime, put_away: datetime) -> None:
    await refuse(pool, name, now=came)
    await pool.execute(
        "update dead_letter set toestand = 'gearchiveerd' where bericht_id = $1", name
    )
    await pool.execute(
        "insert into dead_letter_handeling (id, dead_letter, handeling, door, moment)"
        " select $2, id, 'archive', 'beheerder', $3 from dead_letter where bericht_id = $1",
        name,
        uuid7(),
        put_away,
    )


async def names(pool: Pool, table: str = "dead_letter") -> set[str]:
    found = await pool.fetch(f"select bericht_id from {table}")  # noqa: S608 (a name of ours)
    return {row[0] for row in found}


async def test_what_was_resolved_or_archived_goes_when_its_time_is_over_and_nothing_else(
    pool: Pool,
) -> None:
    before = NOW - 30 * DAY
    for toestand in ("open", "wacht", "hervat", "opgelost"):
        for moment in ("oud", "jong"):
            name = f"{toestand}-{moment}"
            await refuse(pool, name, now=before + (DAY if moment == "jong" else -DAY))
            await pool.execute(
                "update dead_letter set toestand = $2 where bericht_id = $1", name, toestand
            )
    await archived(pool, "weg-oud", came=before - 9 * DAY, put_away=before - DAY)
    await archived(pool, "weg-jong", came=before - 9 * DAY, put_away=before + DAY)
    everything = await names(pool)
    assert not await keeper(pool).forget_resolved(before)
    assert await names(pool) == everything - {"opgelost-oud"}
    assert not await keeper(pool).forget_archived(before)
    assert await names(pool) == everything - {"opgelost-oud", "weg-oud"}
    await keeper(pool).sum_up(NOW)
    assert await counts(pool) == await real_counts(pool)


async def test_what_belongs_to_a_dead_letter_goes_with_it(pool: Pool) -> None:
    await archived(pool, "een", came=NOW - DAY, put_away=NOW - DAY)
    await pool.execute("insert into dead_letter_versie select id, 1, '{}' from dead_letter")
    await keeper(pool).forget_archived(NOW)
    assert await names(pool) == set()
    assert await pool.fetchval("select count(*) from dead_letter_versie") == 0


async def test_many_go_in_more_than_one_step(pool: Pool) -> None:
    await many_dead_letters.fill(pool, 1300)
    await pool.execute("update dead_letter set toestand = 'opgelost', laatste = $1", NOW - DAY)
    steps = [await keeper(pool).forget_resolved(NOW) for _ in range(3)]
    assert steps == [True, True, False]
    assert await names(pool) == set()


async def test_a_dead_letter_that_somebody_has_in_hand_is_waited_for_by_nobody(pool: Pool) -> None:
    for name in ("een", "twee"):
        await refuse(pool, name)
    await pool.execute("update dead_letter set toestand = 'opgelost'")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select 1 from dead_letter where bericht_id = 'een' for update")
        async with asyncio.timeout(DEADLINE):
            await keeper(pool).forget_resolved(NOW + DAY)
    assert await names(pool) == {"een"}


async def test_the_inbox_forgets_what_is_old_and_knows_the_rest(pool: Pool) -> None:
    await fill(pool)
    for name in ("oud", "jong"):
        await store(pool, bound_by(registration(name), name.encode()))
    await pool.execute("update bericht set geregistreerd = $1 where bericht_id = 'oud'", NOW - DAY)
    await pool.execute("update gebonden_token set eerste = $1 where bericht_id = 'oud'", NOW - DAY)
    assert not await keeper(pool).forget_registered(NOW - HOUR)
    assert await names(pool, "bericht") == {"jong"}
    assert await names(pool, "gebonden_token") == {"oud", "jong"}
    assert not await keeper(pool).forget_tokens(NOW - HOUR)
    assert await names(pool, "gebonden_token") == {"jong"}
    assert await pool.fetchval("select count(*) from klantcontact") == 2


async def test_attempts_at_what_came_no_more_are_forgotten(pool: Pool) -> None:
    attempts = PostgresAttempts(pool)
    await attempts.count([b"oud", b"jong"], NOW - DAY)
    await attempts.count([b"jong"], NOW)
    assert not await keeper(pool).forget_attempts(NOW - HOUR)
    assert await attempts.earlier([b"oud", b"jong"]) == {b"jong": 2}


async def tell(pool: Pool, now: datetime) -> list[tuple[Any, ...]]:
    grown = await keeper(pool).grown(now, now - HOUR)
    return [(each.code, each.veld, each.count, each.fresh) for each in grown]


async def test_a_group_that_grows_is_told_of_once_in_a_period(pool: Pool) -> None:
    await refuse(pool, "een", "twee")
    assert await tell(pool, NOW) == [("zaak-onbekend", "zaak", 2, 2)]
    await refuse(pool, "drie", now=NOW + timedelta(minutes=1))
    assert await tell(pool, NOW + timedelta(minutes=59)) == []
    assert await tell(pool, NOW + HOUR) == [("zaak-onbekend", "zaak", 3, 1)]
    assert await tell(pool, NOW + 2 * HOUR) == []


async def test_a_dead_letter_that_comes_again_is_growth_too(pool: Pool) -> None:
    await refuse(pool, "een")
    await tell(pool, NOW)
    await refuse(pool, "een", now=NOW + timedelta(minutes=1))
    assert await tell(pool, NOW + HOUR) == [("zaak-onbekend", "zaak", 1, 0)]


@pytest.mark.parametrize("toestand", ["wacht", "hervat", "opgelost", "gearchiveerd"])
async def test_a_group_without_any_that_is_open_is_no_news(pool: Pool, toestand: str) -> None:
    await refuse(pool, "een")
    await pool.execute("update dead_letter set toestand = $1", toestand)
    assert await tell(pool, NOW) == []


async def test_summing_up_makes_nobody_told_of_a_group_again(pool: Pool) -> None:
    await refuse(pool, "een", now=NOW - 2 * DAY)
    await refuse(pool, "twee", now=NOW)
    await tell(pool, NOW)
    for hours in (2, 30):
        await keeper(pool).sum_up(NOW + hours * HOUR)
        assert await tell(pool, NOW + hours * HOUR) == []


async def test_of_two_housekeepers_at_once_one_tells(pool: Pool) -> None:
    for number in range(10):
        await refuse(pool, f"m-{number}", violation=Violation(Code.ONGELDIG, "x", f"veld{number}"))
    told = await asyncio.gather(*(tell(pool, NOW) for _ in range(4)))
    assert sum(map(len, told)) == 10
    assert await pool.fetchval("select count(*) from outbox") == 10


async def test_the_event_names_the_group_and_nothing_that_a_sender_made_up(pool: Pool) -> None:
    await refuse(pool, "een", violation=MADE_UP)
    await keeper(pool).grown(NOW, NOW - HOUR)
    row = await pool.fetchrow("select soort, adres, inhoud from outbox")
    assert row is not None
    assert (row["soort"], row["adres"]) == ("gebeurtenis", DEAD_LETTERS_GROEIEN)
    event = orjson.loads(row["inhoud"])
    assert (event["type"], event["source"]) == (DEAD_LETTERS_GROEIEN, SOURCE)
    assert event["data"] == {
        "code": "bericht-ongeldig",
        "queue": "klantcontact.registratie.callcenter",
        "veld": "?",
        "aantal": 1,
        "nieuw": 1,
        "laatste": NOW.isoformat(),
    }
    assert "mevrouw" not in row["inhoud"].decode()


async def test_more_groups_than_one_step_takes_are_told_of_in_the_next(pool: Pool) -> None:
    for number in range(130):
        await refuse(pool, f"m-{number}", violation=Violation(Code.ONGELDIG, "x", f"v{number}"))
    told = [len(await tell(pool, NOW)) for _ in range(3)]
    assert told == [100, 30, 0]


async def test_what_is_old_is_found_by_an_index(
    database: str, pool: Pool, subtests: pytest.Subtests
) -> None:
    await many_dead_letters.fill(pool, 20_000)
    await pool.execute(
        """
        insert into bericht select 'a', 'b', 'c' || n, '', gen_random_uuid(),
            $1::timestamptz + n * interval '1 s' from generate_series(1, 50000) as n
        """,
        NOW,
    )
    await pool.execute(
        """
        insert into gebonden_token select n::text::bytea, 'a', 'b', 'c' || n,
            $1::timestamptz + n * interval '1 s' from generate_series(1, 50000) as n
        """,
        NOW,
    )
    await pool.execute(
        """
        insert into dead_letter_handeling (id, dead_letter, handeling, door, moment)
        select gen_random_uuid(), id, 'archive', 'beheerder', laatste from dead_letter
        """
    )
    await pool.execute(
        """
        insert into poging select n::text::bytea, 1, $1::timestamptz + n * interval '1 s'
        from generate_series(1, 50000) as n
        """,
        NOW,
    )
    await pool.execute("vacuum analyze")
    async with written_down(database) as ran:
        housekeeping = keeper(ran.pool)
        await housekeeping.forget_resolved(NOW - 365 * DAY)
        await housekeeping.forget_archived(NOW - 365 * DAY)
        await housekeeping.forget_registered(NOW - DAY)
        await housekeeping.forget_tokens(NOW - DAY)
        await housekeeping.forget_attempts(NOW - DAY)
        await housekeeping.grown(NOW, NOW - HOUR)
        for query, arguments in [each for each in ran.ran if "with" in each[0]]:
            with subtests.test(query[:60]):
                plan = await pool.fetch(f"explain {query}", *arguments)
                text = "\n".join(row[0] for row in plan)
                # The history is empty here: of no rows, no index is better.
                for table in ("dead_letter", "bericht", "gebonden_token", "poging"):
                    assert f"Seq Scan on {table} " not in text, text
