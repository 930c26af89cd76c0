from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

from tests.program import Program
from tests.put_away import laid, put
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.postgres.pool import Pool

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]


async def test_waiting_tells_what_became_of_them_by_code(
    pool: Pool, environment: dict[str, str]
) -> None:
    letters = await put(pool, 4)
    started = await Program.start(
        "dead-letters", "retry", "--all", "--wait", "--json", environment=environment
    )
    await until(lambda: _all_on_their_way(pool, 4), "all are on their way")
    # As the worker would.
    for identity, toestand, code in zip(
        letters,
        ("opgelost", "open", "open", "gearchiveerd"),
        ("zaak-afgesloten", "bericht-ongeldig", "bericht-ongeldig", "zaak-afgesloten"),
        strict=True,
    ):
        await pool.execute(
            "update dead_letter set toestand = $2, code = $3 where id = $1",
            identity,
            toestand,
            code,
        )
    assert await started.ended() == 1
    assert started.lines[0]["outcome"] == {
        "resolved": 1,
        "refused": {"bericht-ongeldig": 2},
        "archived": 1,
        "pending": 0,
    }


async def test_waiting_ends_well_when_all_are_resolved(
    pool: Pool, environment: dict[str, str]
) -> None:
    await put(pool, 2)
    started = await Program.start(
        "dead-letters", "retry", "--all", "--wait", environment=environment
    )
    await until(lambda: _all_on_their_way(pool, 2), "both are on their way")
    await pool.execute("update dead_letter set toestand = 'opgelost'")
    assert await started.ended() == 0
    assert started.raw == ["2 retried.\n", "2 resolved, 0 refused again.\n"]


async def _all_on_their_way(pool: Pool, count: int) -> bool:
    found: int = await pool.fetchval("select count(*) from dead_letter where toestand = 'hervat'")
    return found == count


def test_waiting_no_longer_than_was_said_is_a_failure(run: Run, database: str) -> None:
    laid(database, 1)
    said = run("dead-letters", "retry", "--all", "--wait", "--timeout", "0", code=1).stdout
    assert "1 still on their way; is a worker running?" in said


async def test_a_pipe_that_is_closed_early_ends_quietly(
    pool: Pool, environment: dict[str, str]
) -> None:
    await put(pool, 3)
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "worker", "dead-letters", "retry", "--all"),
        env={**os.environ, **environment},
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)
    _, said = await process.communicate()
    assert said == b""
    assert await _all_on_their_way(pool, 3)
