"""The processes of a run: started anew, and known for how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.workers import Roles, running
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

SLEEPS = Roles("sleeper", module="tests.faults.wrong.sleeping")


async def test_what_is_killed_is_started_anew_and_is_no_finding(tmp_path: Path) -> None:
    async with running([SLEEPS], lambda _: {}, tmp_path) as workers:
        before = workers.pid("sleeper")
        await workers.kill("sleeper")

        async def anew() -> bool:
            return workers.names == ["sleeper"] and workers.pid("sleeper") != before

        await until(anew, "another one runs")
    assert next(life.ended for life in workers.lives) == -9
    assert workers.lives[0].asked == "killed"


async def test_what_ends_by_itself_is_a_finding(tmp_path: Path) -> None:
    async with running([Roles("zen", module="this")], lambda _: {}, tmp_path) as workers:

        async def noticed() -> bool:
            return bool(workers.wrong)

        await until(noticed, "it ended")
    assert workers.wrong[0].startswith("zen-1 ended by itself, status 0: ")
    assert "Namespaces are one honking great idea" in workers.wrong[0]


async def test_what_ends_otherwise_than_well_after_sigterm_is_a_finding(tmp_path: Path) -> None:
    async with running([SLEEPS], lambda _: {}, tmp_path) as workers:
        await workers.terminate("sleeper")

        async def noticed() -> bool:
            return bool(workers.wrong)

        await until(noticed, "it ended by the signal")
    assert "ended by itself, status -15" in workers.wrong[0]
