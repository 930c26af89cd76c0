"""A process that tells how it stands, whatever becomes of the database meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.contacts import NOW
from tests.fakes import Lines
from tests.waiting import DEADLINE
from worker.ending import wind_up
from worker.errors import Outage
from worker.presence import Presence, Present
from worker.role import Role
from worker.settings import Settings
from worker.standing import Standing, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID


@dataclass
class Told:
    """What is on record; each of the first `outages` tries finds no database."""

    outages: int = 0
    tries: int = 0
    kept: list[Present] = field(default_factory=list)
    once_tried: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Told]:
        self.tries += 1
        self.once_tried.set()
        if self.tries <= self.outages:
            raise Outage("PostgreSQL does not answer")
        yield self

    async def seen(self, roles: Sequence[Present]) -> None:
        self.kept = list(roles)

    async def gone(self, process: UUID) -> None:
        assert {each.process for each in self.kept} == {process}
        self.kept = []

    async def tried(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self.once_tried.wait()
        self.once_tried.clear()


class Silent(Told):
    """A database that takes what it is told, and then answers no more."""

    async def gone(self, process: UUID) -> None:
        del process
        await asyncio.Event().wait()


def presence(told: Told) -> Presence:
    changed = asyncio.Event()
    roles = [Standing(role, Lines().log, tell=changed.set) for role in ("intake", "sink")]
    return Presence(told.opened, roles, changed, lambda: NOW, retry=0)


async def test_it_tells_of_all_roles_when_the_database_is_back() -> None:
    told = Told(outages=1)
    there = presence(told)
    running = asyncio.create_task(there.run())
    await told.tried()
    assert told.kept == []
    there.roles[0].ready()
    await told.tried()
    assert [(each.role, each.state) for each in told.kept] == [
        ("intake", State.READY),
        ("sink", State.STARTING),
    ]
    running.cancel()


async def test_what_it_told_is_taken_back_though_the_database_is_away_at_first() -> None:
    told = Told()
    there = presence(told)
    running = asyncio.create_task(there.run())
    await told.tried()
    assert len(told.kept) == 2
    told.outages = told.tries + 3
    there.end()
    async with asyncio.timeout(DEADLINE):
        await running
    assert told.kept == []


async def test_who_told_nothing_has_nothing_to_take_back() -> None:
    told = Told(outages=10**9)
    there = presence(told)
    running = asyncio.create_task(there.run())
    await told.tried()
    there.end()
    async with asyncio.timeout(DEADLINE):
        await running
    assert told.tries == 1


async def test_it_can_be_broken_off_in_the_moment_of_the_end() -> None:
    told = Told()
    there = presence(told)
    running = asyncio.create_task(there.run())
    await told.tried()
    told.outages = 10**9
    there.end()
    running.cancel()
    await asyncio.wait([running], timeout=DEADLINE)
    assert running.cancelled()


async def test_a_defect_of_the_program_is_not_taken_for_an_outage() -> None:
    def broken() -> NoReturn:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Presence(broken, [], asyncio.Event(), lambda: NOW).run()


async def test_a_goodbye_that_nobody_takes_ends_within_the_drain() -> None:
    told, stop = Silent(), asyncio.Event()
    present, ended = presence(told), asyncio.create_task(stop.wait())
    settings = Settings(drain=timedelta(seconds=1))
    winding = asyncio.create_task(wind_up(present, {Role.SINK: ended}, settings, stop, Lines().log))
    await told.tried()
    stop.set()
    async with asyncio.timeout(DEADLINE):
        await winding
