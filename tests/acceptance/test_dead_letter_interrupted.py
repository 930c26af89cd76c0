from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.program import Program
from tests.put_away import RECALLED, put
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.program import Ended
    from worker.postgres.pool import Pool

COUNT = 300
RETRY = ("dead-letters", "retry", "--all", "--yes")


async def some(pool: Pool) -> bool:
    """Whether the first pages have gone."""
    found: int = await pool.fetchval("select count(*) from dead_letter where toestand = 'hervat'")
    return found >= 20


async def each_once(pool: Pool) -> None:
    """Every dead letter was retried once, and stands in the outbox once."""
    assert (
        await pool.fetchval("select count(*) from dead_letter where toestand = 'hervat'") == COUNT
    )
    for counted in (
        "select dead_letter from dead_letter_handeling where handeling = 'retry'",
        RECALLED,
    ):
        found = [row[0] for row in await pool.fetch(counted)]
        assert len(found) == len(set(found)) == COUNT


async def test_a_retry_that_was_killed_goes_on_with_the_rest(
    pool: Pool, environment: dict[str, str], command: Callable[..., Awaitable[Ended]]
) -> None:
    await put(pool, COUNT)
    started = await Program.start(*RETRY, "--rate", "50", environment=environment)
    await until(partial(some, pool), "the first have gone")
    await started.kill()
    gone = await pool.fetchval("select count(*) from dead_letter where toestand = 'hervat'")
    assert gone < COUNT
    again = (await command(*RETRY, "--json")).json()
    assert again == {"retried": COUNT - gone, "passed": 0, "complete": True}
    await each_once(pool)
    assert (await command(*RETRY)).out == "Nothing to retry.\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_retry_that_is_told_to_stop_says_how_far_it_came(
    pool: Pool,
    environment: dict[str, str],
    command: Callable[..., Awaitable[Ended]],
    number: signal.Signals,
) -> None:
    await put(pool, COUNT)
    started = await Program.start(*RETRY, "--rate", "50", environment=environment)
    await until(partial(some, pool), "the first have gone")
    started.process.send_signal(number)
    assert await started.ended() == 1
    gone = await pool.fetchval("select count(*) from dead_letter where toestand = 'hervat'")
    assert gone < COUNT
    assert started.raw[0] == f"{gone} retried.\n"
    assert started.err == "Stopped before the end; the same command goes on with the rest.\n"
    await command(*RETRY)
    await each_once(pool)
