from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.many_dead_letters import fill
from worker.cli.dead_letters.group_lines import sparkline
from worker.clock import now
from worker.outcomes import Announcer
from worker.postgres.dead_letter_groups import groups
from worker.postgres.housekeeping import PostgresHousekeeping
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from typer.testing import Result

    from worker.postgres.pool import Pool

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

_INSERT = """
    insert into dead_letter
        (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, headers, body,
         eerste, laatste, veld)
    select gen_random_uuid(), $1, $2, '{}', 'klantcontact.zaken', 'a', 'b',
           gen_random_uuid()::text, '', '{}', '', $3, $4, $5
    from generate_series(1, $6::int)
"""
CODE, VELD = "onverwacht", "zaak"


async def _put(pool: Pool, number: int, moment: datetime, **changes: Any) -> None:  # noqa: ANN401 (columns of any type)
    given = {"toestand": "open", "code": CODE, "veld": VELD, "eerste": moment, **changes}
    await pool.execute(
        _INSERT,
        given["toestand"],
        given["code"],
        given["eerste"],
        moment,
        given["veld"],
        number,
    )


@pytest.fixture
def many(database: str) -> None:
    async def make() -> None:
        async with connected(database, size=1) as pool:
            await fill(pool, 400)

    asyncio.run(make())


def _found(run: Run, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        run("dead-letters", "groups", "--json", *arguments).stdout
    )["groups"]
    return found


async def test_a_group_says_how_many_since_when_and_how_it_went(pool: Pool) -> None:
    moment = now().replace(minute=30)
    await _put(pool, 2, moment - timedelta(hours=3), eerste=moment - timedelta(days=9))
    await _put(pool, 3, moment)
    await _put(pool, 1, moment - timedelta(days=20), toestand="opgelost")
    (group,) = await groups(pool, ("open",), None, None, moment)
    assert (group.code, group.queue, group.veld) == (CODE, "klantcontact.zaken", VELD)
    assert (group.count, group.first, group.last) == (5, moment - timedelta(days=9), moment)
    assert group.trend == (*[0] * 20, 2, 0, 0, 3)


async def test_the_largest_group_comes_first_and_toestanden_count_by_themselves(
    pool: Pool,
) -> None:
    moment = now()
    await _put(pool, 2, moment)
    await _put(pool, 4, moment, veld="type")
    await _put(pool, 9, moment, toestand="wacht")
    counted = await groups(pool, ("open",), None, None, moment)
    assert [(each.veld, each.count) for each in counted] == [("type", 4), (VELD, 2)]
    both = await groups(pool, ("open", "wacht"), None, None, moment)
    assert [(each.veld, each.count) for each in both] == [(VELD, 11), ("type", 4)]


async def test_a_group_is_the_same_after_its_counts_were_summed_up(pool: Pool) -> None:
    moment = now()
    for age in (0, 0, 5, 23, 30, 400):
        await _put(pool, 2, moment - timedelta(hours=age))
    before = await groups(pool, ("open",), None, None, moment)
    assert await pool.fetchval("select count(*) from dead_letter_telling") == 12
    while await PostgresHousekeeping(pool, Announcer("urn:test")).sum_up(moment):
        pass
    assert await pool.fetchval("select count(*) from dead_letter_telling") == 5
    assert await groups(pool, ("open",), None, None, moment) == before


async def test_an_arrival_by_a_clock_that_is_ahead_counts_as_just_now(pool: Pool) -> None:
    await _put(pool, 1, now() + timedelta(hours=2))
    (group,) = await groups(pool, ("open",), None, None, now())
    assert group.trend == (*[0] * 23, 1)


async def test_a_group_of_which_none_is_left_is_gone(pool: Pool) -> None:
    await _put(pool, 2, now())
    await pool.execute("delete from dead_letter")
    assert await groups(pool, ("open",), None, None, now()) == []


@pytest.mark.usefixtures("many")
def test_json_has_every_group_with_the_name_that_the_others_take(run: Run, rows: Rows) -> None:
    found = _found(run)
    assert len(found) == 40
    for each in found[:3]:
        listed = run("dead-letters", "list", "--group", each["group"], "--json").stdout
        assert len(json.loads(listed)["deadLetters"]) == each["aantal"]
    assert {len(each["trend"]) for each in found} == {24}
    (today,) = rows(
        "select count(*) from dead_letter"
        " where laatste >= date_trunc('hour', now()) - interval '23 hours'"
    )
    assert sum(sum(each["trend"]) for each in found) == today[0]


@pytest.mark.usefixtures("many")
def test_groups_are_filtered_by_code_queue_and_toestand(run: Run) -> None:
    assert {each["code"] for each in _found(run, "--code", "zaak-onbekend")} == {"zaak-onbekend"}
    found = _found(run, "--queue", "registratie.balie", "--toestand", "alle")
    assert len(found) == 10
    assert {each["queue"] for each in found} == {"klantcontact.registratie.balie"}
    assert [each["aantal"] for each in found] == [10] * 10


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("columns", [80, 40])
def test_groups_fit_their_terminal_and_each_name_stays_in_one_piece(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("dead-letters", "groups").stdout.splitlines()
    names = [each["group"] for each in _found(run)]
    assert set(names) <= set(shown)
    assert max(len(line) for line in shown if not set(line.split()) & set(names)) <= columns
    if columns == 80:
        assert len(shown) == 2 * len(names) + len("-") + 2 * 3


@pytest.mark.usefixtures("many")
def test_groups_end_with_what_can_be_done_next(run: Run) -> None:
    shown = run("dead-letters", "groups").stdout
    first = _found(run)[0]["group"]
    for name in ("list", "retry"):
        assert f"klantcontact dead-letters {name} --group {first}" in shown.replace("\\\n  ", "")


def test_no_groups_are_a_clear_line(run: Run) -> None:
    assert run("dead-letters", "groups").stdout.startswith("No dead letters in toestand open")
    assert _found(run) == []


def test_a_sparkline_shows_a_single_one_beside_many() -> None:
    assert sparkline([0, 1, 1000, 500, -1]) == "▁▂█▅▁"
    assert sparkline([0] * 24) == "▁" * 24
