"""An upgrade under load: the version before the newest migration and this one, side by side."""

from __future__ import annotations

import asyncio
import subprocess
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.contacts import body
from tests.facts import register
from tests.program import Program, run
from tests.waiting import until
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.broker import Broker
    from worker.postgres.pool import Pool

_HERE = Path(__file__).parents[2]
_MIGRATIONS = "worker/postgres/migrations"
_PAUSE_SECONDS = 0.02
"""Between two messages: more than a person sends, and no more mails than can be waited for."""
_AT_ONCE = 40
"""Messages that each version alone and both together must have registered at least."""


def _git(*arguments: str) -> bytes:
    command = ["git", "-C", str(_HERE), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program as it was before the newest migration came."""
    number = max(_HERE.glob(f"{_MIGRATIONS}/*.sql")).name.partition(".")[0]
    try:
        added = _git("log", "--diff-filter=A", "--format=%H", "--", f"{_MIGRATIONS}/{number}.*")
        archive = _git("archive", f"{added.split()[-1].decode()}^")
    except (OSError, IndexError, subprocess.CalledProcessError):
        pytest.skip("no history of the program here")
    folder = tmp_path_factory.mktemp("old")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    assert not list(folder.glob(f"{_MIGRATIONS}/{number}.*"))
    return folder


@pytest.fixture
def settings(environment: dict[str, str], empty_database: str) -> dict[str, str]:
    return environment | {"KLANTCONTACT_POSTGRES_URL": empty_database}


@pytest.fixture
async def early(old: Path, settings: dict[str, str]) -> AsyncIterator[Program]:
    """The old version at work on the old schema."""
    migrated = await run("migrate", environment=settings, folder=old)
    assert migrated.code == 0, migrated
    program = await Program.start("worker", environment=settings, folder=old)
    try:
        yield await program.ready()
    finally:
        await program.kill()


class Load:
    """Messages without a pause, each confirmed by the broker."""

    def __init__(self, broker: Broker, pool: Pool) -> None:
        self._broker, self._pool = broker, pool
        self.sent = 0

    async def flow(self) -> None:
        for number in count():
            await self._broker.publish(body(), message_id=f"m-{number}")
            self.sent = number + 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def registered(self, least: int) -> int:
        async def enough() -> int | None:
            found: int = await self._pool.fetchval("select count(*) from klantcontact")
            return found if found >= least else None

        return await until(enough, f"{least} klantcontacten")


async def test_nothing_is_lost_and_nothing_refused_while_one_version_takes_over(
    settings: dict[str, str], broker: Broker, early: Program, old: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "register.jsonl"
    url = settings["KLANTCONTACT_POSTGRES_URL"]
    async with connected(url, size=2) as pool:
        # By the old version: what a new one stores may need the newest schema.
        facts.write_bytes(b"\n".join(map(orjson.dumps, register())))
        given = ("register", "import", str(facts), "--time", "2026-11-01T00:00:00Z")
        imported = await run(*given, environment=settings, folder=old)
        assert imported.code == 0, imported
        load = Load(broker, pool)
        flowing = asyncio.create_task(load.flow())
        seen = await load.registered(_AT_ONCE)
        migrated = await run("migrate", environment=settings)
        assert migrated.code == 0, migrated
        assert "Applied" in migrated.out
        seen = await load.registered(seen + _AT_ONCE)
        late = await Program.start("worker", environment=settings)
        try:
            await late.ready()
            await late.logged("klantcontact", _AT_ONCE, outcome="geregistreerd")
            await load.registered(seen + _AT_ONCE)
            assert await early.stop() == 0
            await load.registered(load.sent + _AT_ONCE)
            flowing.cancel()
            await asyncio.wait([flowing])
            sent = load.sent
            assert await load.registered(sent) - sent in (0, 1)  # one may have no confirm yet

            async def mailed() -> bool:
                left: int = await pool.fetchval(
                    "select (select count(*) from outbox) + (select count(*) from mail"
                    " where toestand <> 'verzonden')"
                )
                return left == 0

            await until(mailed, "every mail is sent")
            assert await pool.fetchval("select count(*) from dead_letter") == 0
            assert await late.stop() == 0
        finally:
            await late.kill()
    troubles = {"uitval", "losgelaten", "onverwacht", "verdacht"}
    assert not [line for line in [*early.lines, *late.lines] if line["event"] in troubles]
