from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.put_away import RECALLED, put, wish
from tests.statements import written_down
from tests.waiting import DEADLINE, until
from worker.cli.dead_letters.batches import page_by_page
from worker.clock import now
from worker.errors import Outage, UsageError
from worker.postgres.acting import ARCHIVE, Deed, act_on_ids
from worker.postgres.choosing import Choice
from worker.postgres.pages import Page
from worker.postgres.pool import transaction
from worker.postgres.retrying import retry_ids, retry_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.postgres.choosing import Place
    from worker.postgres.pool import Pool

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]


async def test_a_retry_wakes_the_relay(pool: Pool) -> None:
    (one,) = await put(pool)
    heard = asyncio.Event()

    def hear(*_: object) -> None:
        heard.set()

    async with pool.acquire() as connection:
        await connection.add_listener("klantcontact_outbox", hear)
        await retry_ids(pool, [one], wish())
        async with asyncio.timeout(DEADLINE):
            await heard.wait()
        await connection.remove_listener("klantcontact_outbox", hear)


async def test_of_two_retries_at_once_one_is_told_that_it_is_on_its_way(pool: Pool) -> None:
    (one,) = await put(pool)
    ended = await asyncio.gather(
        *(retry_ids(pool, [one], wish()) for _ in range(4)), return_exceptions=True
    )
    refused = [each for each in ended if each is not None]
    assert len(refused) == 3
    assert all(isinstance(each, UsageError) for each in refused)
    assert all("is on its way already" in str(each) for each in refused)
    assert await pool.fetchval("select count(*) from outbox") == 1


async def test_a_retry_and_an_archive_at_once_are_one_or_the_other(pool: Pool) -> None:
    letters = await put(pool, 10)
    deed = Deed(ARCHIVE, "piet", None, now())
    acts = [retry_ids(pool, [each], wish()) for each in letters]
    acts += [act_on_ids(pool, [each], deed) for each in letters]
    ended = await asyncio.gather(*acts, return_exceptions=True)
    assert [isinstance(each, UsageError) for each in ended].count(True) == 10
    rows = await pool.fetch(
        """
        select d.toestand, array_agg(h.handeling), count(o.id)
        from dead_letter as d join dead_letter_handeling as h on h.dead_letter = d.id
        left join outbox as o on o.onderwerp = d.id group by d.id
        """
    )
    assert len(rows) == 10
    expected = {"hervat": (["retry"], 1), "gearchiveerd": (["archive"], 0)}
    assert all(expected[row[0]] == (row[1], row[2]) for row in rows)


async def test_two_commands_over_the_same_retry_each_once(pool: Pool) -> None:
    letters = await put(pool, 200)

    async def all_of_them() -> int:
        done, after = 0, None
        while True:
            page = await retry_page(pool, Choice(until=now()), wish(), 20, after)
            done += len(page.done)
            if page.end is None:
                return done
            after = page.end

    # What the one has in hand the other passes over, so that both together are done with all.
    assert sum(await asyncio.gather(*(all_of_them() for _ in range(3)))) == 200
    recalled = [row[0] for row in await pool.fetch(RECALLED)]
    assert sorted(recalled) == sorted(letters)
    assert await pool.fetchval("select count(*) from dead_letter_handeling") == 200


async def test_what_is_in_other_hands_is_passed_over_and_not_waited_for(pool: Pool) -> None:
    one, other = await put(pool, 2)
    async with transaction(pool) as connection:
        await connection.execute("select from dead_letter where id = $1 for update", one)
        page = await retry_page(pool, Choice(), wish(), 10, None)
    assert page == Page((other,), 1, None)


async def test_pages_go_from_the_newest_on(pool: Pool) -> None:
    letters = await put(pool, 5)
    first = await retry_page(pool, Choice(), wish(), 2, None)
    second = await retry_page(pool, Choice(), wish(), 2, first.end)
    last = await retry_page(pool, Choice(), wish(), 2, second.end)
    assert [set(each.done) for each in (first, second, last)] == [
        set(letters[:2]),
        set(letters[2:4]),
        set(letters[4:]),
    ]
    assert last.end is None


async def test_a_page_takes_as_many_statements_as_one_dead_letter(
    pool: Pool, database: str
) -> None:
    await put(pool, 51)
    ran = []
    for most in (1, 50):
        async with written_down(database) as statements:
            page = await retry_page(statements.pool, Choice(), wish(new_id=True), most, None)
            assert len(page.done) == most
        ran.append(statements.texts)
    assert ran[0] == ran[1]


async def test_each_page_begins_where_the_one_before_it_ended() -> None:
    ends = [(now(), uuid4()), (now(), uuid4()), None]
    began: list[Place | None] = []

    async def take(_: int, after: Place | None) -> Page:
        began.append(after)
        return Page((uuid4(),), 1, ends[len(began) - 1])

    tally = await page_by_page(take, "retrying", 6)
    assert began == [None, *ends[:2]]
    assert (len(tally.done), tally.passed, tally.complete) == (3, 3, True)


async def test_a_rate_holds_the_next_page_back_until_it_is_due() -> None:
    taken: list[int] = []

    async def take(most: int, _: Place | None) -> Page:
        taken.append(most)
        end = (now(), uuid4()) if len(taken) == 1 else None
        return Page(tuple(uuid4() for _ in range(1000)), 0, end)

    async def once() -> bool:
        return len(taken) > 0

    running = asyncio.create_task(page_by_page(take, "retrying", 2000, 1))
    await until(once, "the first page is taken")
    # The next one is due in a thousand seconds.
    for _ in range(100):
        await asyncio.sleep(0)
    assert taken == [1]
    os.kill(os.getpid(), signal.SIGTERM)
    assert not (await running).complete


async def test_an_outage_halfway_says_how_far_it_came() -> None:
    async def take(_: int, after: Place | None) -> Page:
        if after is None:
            return Page((uuid4(), uuid4()), 0, (now(), uuid4()))
        raise Outage("PostgreSQL does not answer.")

    with pytest.raises(
        Outage, match=r"^PostgreSQL does not answer\. 2 were done; the same command"
    ):
        await page_by_page(take, "retrying", 4)
