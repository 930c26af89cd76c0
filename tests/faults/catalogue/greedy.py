"""A client of the database that takes every connection there is."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.outages import DATABASE
from tests.faults.catalogue.persistence import persistently, session
from tests.faults.catalogue.sessions import TERMINATE
from tests.faults.world import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.world import World

    Session = asyncpg.Connection[Any]

_NAME: Final = "greedy"
_MOST: Final = 1000
_ROUNDS: Final = 5
_ROUND_SECONDS: Final = 0.1
_OURS: Final = f"select count(*) from pg_stat_activity where application_name = '{_NAME}'"  # noqa: S608 (ours)


@asynccontextmanager
async def full(world: World) -> AsyncIterator[None]:
    """All connections are taken but for as many as PostgreSQL keeps for superusers.

    The workers' sessions are ended first, and what they leave is taken too.
    """
    taken: list[Session] = []
    try:
        async with session(world) as ours:
            await _take(world, taken)
            await ours.execute(TERMINATE)
            for _ in range(_ROUNDS):
                # A session that was ended gives its place back a moment later.
                await asyncio.sleep(_ROUND_SECONDS)
                await _take(world, taken)
            kept = int(await ours.fetchval("show superuser_reserved_connections"))
        if len(taken) <= kept:
            raise Unavailable("there were no connections left to be taken")
        # One is left by the session that was ours.
        for _ in range(kept - 1):
            taken.pop().terminate()
        yield
    finally:
        for each in taken:
            each.terminate()
        await persistently(lambda: _gone(world))


async def _take(world: World, taken: list[Session]) -> None:
    """Take until there are no more."""
    while len(taken) < _MOST:
        try:
            opened = await asyncpg.connect(
                world.database, timeout=10, server_settings={"application_name": _NAME}
            )
        except asyncpg.TooManyConnectionsError:
            return
        taken.append(opened)
    raise Unavailable(f"PostgreSQL allows more than {_MOST} connections")


async def _gone(world: World) -> None:
    async with session(world) as ours:
        if await ours.fetchval(_OURS):
            raise Unavailable("the greedy client's sessions stay")


FAULTS: Final = (Named("connections-taken", full, DATABASE, repeats_mails=True),)
