"""Sessions with the database that are ended, or cut short in what they do."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.outages import DATABASE
from tests.faults.catalogue.persistence import FAILURES, execute, persistently, session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from tests.faults.world import World

_THEIRS: Final = "datname = current_database() and application_name = 'klantcontact'"
TERMINATE: Final = f"select pg_terminate_backend(pid) from pg_stat_activity where {_THEIRS}"  # noqa: S608 (ours)
_CANCEL: Final = f"""
    select count(pg_cancel_backend(pid)) from pg_stat_activity
    where {_THEIRS} and state = 'active'
"""  # noqa: S608 (ours)
_CANCEL_SECONDS: Final = 0.05
_TINY: Final = "5ms"


@asynccontextmanager
async def terminated(world: World) -> AsyncIterator[None]:
    """A moment: every session of the workers is ended by the administrator."""
    await execute(world, TERMINATE)
    yield


@asynccontextmanager
async def cancelled(world: World) -> AsyncIterator[None]:
    """Whatever statement of theirs is seen to run is cancelled (SQLSTATE 57014), all the time."""

    async def cancel() -> None:
        while True:
            with suppress(*FAILURES):
                async with session(world) as ours:
                    while True:
                        await ours.execute(_CANCEL)
                        await asyncio.sleep(_CANCEL_SECONDS)
            await asyncio.sleep(_CANCEL_SECONDS)

    async with _meanwhile(cancel()):
        yield


@asynccontextmanager
async def timing_out(world: World) -> AsyncIterator[None]:
    """New sessions have a statement timeout that few statements keep; the old ones are ended."""
    name = urlsplit(world.database).path.removeprefix("/")
    alter = f'alter database "{name}"'
    try:
        await execute(world, f"{alter} set statement_timeout = '{_TINY}'", TERMINATE)
        yield
    finally:
        await persistently(partial(execute, world, f"{alter} reset statement_timeout"))


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


FAULTS: Final = (
    Named("sessions-terminated", terminated, DATABASE, repeats_mails=True),
    Named("statements-cancelled", cancelled, DATABASE, repeats_mails=True),
    Named("statement-timeout", timing_out, DATABASE, repeats_mails=True),
)
