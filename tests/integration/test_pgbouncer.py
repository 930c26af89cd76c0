"""The program behind PgBouncer: by session all of it works, any other way is refused in words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.contacts import body
from tests.facts import fill
from tests.pgbouncer import find_or_unpack, pooled
from worker.errors import Outage
from worker.postgres.migrating import migrate
from worker.postgres.pool import connected, session
from worker.stack.debian import DebianError
from worker.stack.looking import default_root

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.broker import Broker
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

SOFTWARE = default_root() / "software"


@pytest.fixture(scope="module", autouse=True)
def _pgbouncer() -> None:
    try:
        find_or_unpack(SOFTWARE)
    except DebianError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PgBouncer: {error}")


@pytest.fixture
async def pooler(database: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of the test's database by way of one as it is documented."""
    async with pooled(SOFTWARE, tmp_path, database) as url:
        yield url


async def test_sessions_of_the_program_have_their_settings_and_leave_none_behind(
    database: str, tmp_path: Path
) -> None:
    show = "select current_setting('search_path') || ' ' || current_setting('enable_seqscan')"
    async with pooled(SOFTWARE, tmp_path, database, default_pool_size="2") as url:
        async with connected(url, size=1, by_index=True) as pool:
            assert await pool.fetchval(show) == "klantcontact off"
        async with connected(url, size=2) as pool, session(pool) as one, session(pool) as other:
            for each in (one, other):
                assert await each.fetchval(show) == "klantcontact on"


async def test_a_worker_and_commands_work_behind_one_that_pools_by_session(
    pool: Pool,
    broker: Broker,
    pooler: str,
    start: Callable[..., Awaitable[Program]],
    command: Callable[..., Awaitable[Ended]],
) -> None:
    await fill(pool)
    # Longer than the test: the relay publishes because it is notified.
    program = await (await start(postgres_url=pooler, relay_poll="PT1H")).ready()
    await broker.publish(body(), message_id="goed")
    await broker.publish(body(type="fax"), message_id="fout")
    await program.logged("mail", toestand="verzonden")
    letters = await command("dead-letters", "list", "--json", postgres_url=pooler)
    assert '"fout"' in letters.out
    assert await program.stop() == 0
    assert [line for line in program.lines if line["event"] == "uitval"] == []


async def test_migrations_are_applied_behind_one_that_pools_by_session(
    empty_database: str, tmp_path: Path
) -> None:
    async with pooled(SOFTWARE, tmp_path, empty_database) as url:
        assert await migrate(url)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_one_that_does_not_pool_by_session_is_refused(
    database: str, tmp_path: Path, mode: str, command: Callable[..., Awaitable[Ended]]
) -> None:
    async with pooled(SOFTWARE, tmp_path, database, pool_mode=mode) as url:
        for size in (1, 2):
            with pytest.raises(Outage, match="set pool_mode = session"):
                async with connected(url, size=size):
                    pass
        for asked in (("migrate",), ("dead-letters", "list"), ("notificaties", "list")):
            ended = await command(*asked, postgres_url=url)
            assert ended.code == 1
            assert "set pool_mode = session" in ended.err


async def test_the_words_with_which_a_session_is_refused_are_shown(pooler: str) -> None:
    with pytest.raises(Outage, match="no such database: elders"):
        async with connected(pooler.replace("/klantcontact", "/elders"), size=1):
            pass
    with pytest.raises(Outage, match="unsupported startup parameter: work_mem"):
        async with connected(f"{pooler}?work_mem=4MB", size=1):
            pass
