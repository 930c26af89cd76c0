"""What the suspects expect of the store of attempts, held against the fake and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.contacts import NOW
from tests.fakes import FakeAttempts, FakeLane
from tests.statements import written_down
from tests.suspected import MortalStory, again, live_on, sent, suspects
from worker.errors import Outage
from worker.postgres.attempts import PostgresAttempts

if TYPE_CHECKING:
    from worker.postgres.pool import Pool
    from worker.suspects import Attempts

ONE, TWO, THREE = (bytes([number]) * 32 for number in range(3))


@pytest.fixture(params=["fake", "postgres"])
def attempts(request: pytest.FixtureRequest) -> Attempts:
    if request.param == "fake":
        return FakeAttempts()
    return PostgresAttempts(request.getfixturevalue("pool"))


async def made(attempts: Attempts) -> dict[bytes, int]:
    """None is as good as nothing known."""
    found = await attempts.earlier([ONE, TWO, THREE])
    return {each: number for each, number in found.items() if number}


async def test_each_attempt_counts_for_those_that_it_was_made_with(attempts: Attempts) -> None:
    await attempts.count([TWO, ONE], NOW)
    await attempts.count([TWO], NOW)
    assert await made(attempts) == {ONE: 1, TWO: 2}
    assert await attempts.earlier([THREE]) == {}


async def test_attempts_are_taken_back_down_to_none(attempts: Attempts) -> None:
    for _ in range(3):
        await attempts.count([ONE, TWO], NOW)
    await attempts.uncount(Counter({ONE: 2, TWO: 9, THREE: 1}))
    assert await made(attempts) == {ONE: 1}
    await attempts.count([TWO], NOW)
    assert await made(attempts) == {ONE: 1, TWO: 1}


async def test_what_is_forgotten_begins_anew(attempts: Attempts) -> None:
    for _ in range(3):
        await attempts.count([ONE, TWO], NOW)
    await attempts.forget([ONE, THREE])
    assert await made(attempts) == {TWO: 3}
    await attempts.count([ONE], NOW)
    assert await made(attempts) == {ONE: 1, TWO: 3}


async def test_many_at_once_in_any_order_count_each_other_in(pool: Pool) -> None:
    attempts = PostgresAttempts(pool)
    digests = [number.to_bytes(32) for number in range(200)]
    await asyncio.gather(
        *(attempts.count(digests if turn % 2 else digests[::-1], NOW) for turn in range(20))
    )
    assert set((await attempts.earlier(digests)).values()) == {20}
    await asyncio.gather(
        *(
            attempts.uncount(Counter(digests if turn % 2 else digests[::-1]))
            if turn % 3
            else attempts.forget(digests)
            for turn in range(12)
        )
    )
    assert await attempts.earlier(digests) == {}


async def test_a_database_that_is_gone_is_an_outage(pool: Pool) -> None:
    attempts = PostgresAttempts(pool)
    pool.terminate()
    for call in (
        attempts.earlier([ONE]),
        attempts.count([ONE], NOW),
        attempts.uncount({ONE: 1}),
        attempts.forget([ONE]),
    ):
        with pytest.raises(Outage, match="PostgreSQL does not answer"):
            await call


async def test_a_batch_that_comes_again_costs_three_statements_and_a_first_one_none(
    database: str,
) -> None:
    async with written_down(database) as ran:
        process, story = suspects(), MortalStory()
        lanes = [sent(*map(str, range(100))) for _ in range(2)]
        await process.run(FakeLane([lanes[0]]), story, PostgresAttempts(ran.pool))
        assert ran.ran == []
        await process.run(FakeLane([again(lanes[1])]), story, PostgresAttempts(ran.pool))
        assert len(ran.ran) == 3
        assert await ran.pool.fetchval("select count(*) from poging") == 0


async def test_one_that_ends_every_process_is_found_over_the_real_store(pool: Pool) -> None:
    story = MortalStory(frozenset({"7"}))
    assert await live_on(story, PostgresAttempts(pool), sent(*map(str, range(100)))) == 7
    assert story.given_up == ["7"]
    assert await pool.fetchval("select count(*) from poging") == 0
