"""`python -m tests.bench.retried_once`: one retry of many, with kills in the middle of it.

Everything was refused for one cause, which is mended. One command retries all of it while a worker
registers what comes back; both are killed (SIGKILL) at moments that a seed chooses, and started
again. Exit status 0 only if each became one klantcontact, and none was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from tests.bench import broker, checks, database
from tests.bench.checks import Check
from tests.bench.embedded import site
from tests.bench.processes import ProcessFailed, started, tail
from tests.bench.site import REFUSED
from worker.rabbitmq.topology import HERVAT

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

    import asyncpg

    from tests.bench.site import Site

_SECONDS: Final = 900.0
_RETRY: Final = ("dead-letters", "retry", "--all", "--yes")
_WORKER: Final = ("worker", "--role", "intake", "--role", "relay")
# What was on its way when its worker was killed comes again when its leases have run out.
_LEASES: Final = {"KLANTCONTACT_RELAY_LEASE": "PT5S", "KLANTCONTACT_RETRY_LEASE": "PT15S"}

err = Console(stderr=True, highlight=False)


def main() -> int:
    """Refuse, mend, retry, kill, compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.retried_once")
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    err.print(f"seed {given.seed}")
    with site(name="bench-retried", report=err.print) as ours:
        found = asyncio.run(_work(ours, given.messages, given.kills, random.Random(given.seed)))
    return 0 if checks.show(found, Console()) else 1


async def _work(site: Site, count: int, kills: int, choose: random.Random) -> list[Check]:
    await site.need_refused(count)
    await broker.purge(site.state.amqp_admin)
    url = await site.database(REFUSED)
    began = time.monotonic()
    async with database.connection(url) as connection:
        run = _Run(site, url, connection)
        for moment in sorted(choose.uniform(0.02, 0.9) for _ in range(kills)):
            await run.kill_at(moment * count, rate=max(100, count // 40))
        await run.finish(count)
        err.print(f"{count} retried in {time.monotonic() - began:.0f} s, killed {kills} times")
        return [*await _found(connection, count), *await _waiting(site)]


class _Run:
    """The worker and the command, as often as they are started."""

    def __init__(self, site: Site, url: str, connection: asyncpg.Connection[Any]) -> None:
        self._settings = {**site.settings(url), **_LEASES}
        self._folder: Path = site.folder
        self._url = url
        self._connection = connection

    async def _start(self, *arguments: str) -> Process:
        return await started(self._settings, *arguments, log=self._folder / f"{arguments[0]}.log")

    async def kill_at(self, registered: float, rate: int) -> None:
        """Kill both as soon as so many are registered; at `rate` neither is far ahead by then."""
        worker = await self._start(*_WORKER)
        command = await self._start(*_RETRY, "--rate", str(rate))
        question = f"select count(*) >= {registered:.0f} from klantcontact"  # noqa: S608 (a number)
        try:
            await database.until(self._url, question, _SECONDS, every=0.01)
            running = "and the command" if command.returncode is None else "alone"
            err.print(f"{registered:.0f} registered: the worker {running} killed")
        finally:
            for process in (command, worker):
                if process.returncode is None:
                    process.kill()
                await process.wait()

    async def finish(self, count: int) -> None:
        """The same command once more, to its end, and all that comes of it."""
        worker, command = await self._start(*_WORKER), await self._start(*_RETRY)
        try:
            if await command.wait() != 0:
                raise ProcessFailed(tail(self._folder / "dead-letters.log"))
            question = f"select count(*) = {count} from dead_letter where toestand = 'opgelost'"  # noqa: S608 (a number)
            await database.until(self._url, question, _SECONDS, every=0.2)
            # Whatever is still on its way would make a second one of something now.
            await database.until(
                self._url,
                "select not exists (select from outbox where soort = 'hervat')",
                _SECONDS,
                every=0.2,
            )
        finally:
            worker.terminate()
            await worker.wait()


async def _found(connection: asyncpg.Connection[Any], count: int) -> list[Check]:
    async def number(question: str) -> int:
        return int(await connection.fetchval(question))

    return [
        Check("klantcontacten", count, await number("select count(*) from klantcontact")),
        Check("keys in the inbox", count, await number("select count(*) from bericht")),
        Check("dead letters resolved", count, await number(_RESOLVED)),
        Check("klantcontacten of one each", count, await number(_DISTINCT)),
        Check("notificaties of a klantcontact twice", 0, await number(_TWICE)),
    ]


_RESOLVED: Final = "select count(*) from dead_letter where toestand = 'opgelost'"
_DISTINCT: Final = (
    "select count(distinct d.klantcontact) from dead_letter as d"
    " join bericht as b using (applicatie, bron, bericht_id, klantcontact)"
)
_TWICE: Final = (
    "select count(*) from (select 1 from notificatie group by klantcontact, betrokkene"
    " having count(*) > 1) as n"
)


async def _waiting(site: Site) -> list[Check]:
    waiting = await broker.depths(site.state.amqp_admin)
    return [Check("ids on klantcontact.hervat", 0, waiting.get(HERVAT, 0))]


if __name__ == "__main__":
    sys.exit(main())
