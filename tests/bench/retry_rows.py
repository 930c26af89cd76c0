"""The row about putting right: what was refused for one cause, retried by one command."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench import broker, database
from tests.bench.processes import command
from tests.bench.site import REFUSED, SECONDS

if TYPE_CHECKING:
    from tests.bench.site import Site


async def refused(site: Site, count: int) -> str:
    """The messages are dead letters, and what was wrong with them is right by now."""
    await site.need_refused(count)
    await broker.purge(site.state.amqp_admin)
    return await site.database(REFUSED)


async def retry(site: Site, count: int, url: str) -> float:
    """From the command's start to the last commit, by an intake and a relay."""
    async with (
        database.commits(url) as commits,
        site.worker(url, "intake") as intake,
        site.worker(url, "relay", name="relay") as relay,
    ):
        await intake.moment("gereed")
        await relay.moment("gereed")
        start = time.time()
        await command(
            site.settings(url), "dead-letters", "retry", "--all", "--yes", cwd=site.folder
        )
        end = await commits.last(count, SECONDS)
    await database.expect(url, bericht=count, klantcontact=count, dead_letter=count)
    async with database.connection(url) as connection:
        left = await connection.fetchval(
            "select count(*) from dead_letter where toestand <> 'opgelost'"
        )
    if left:
        raise database.WrongResult(f"{left} dead letters are not resolved")
    return end - start
