"""Ending: from SIGTERM on, what is in hand is finished, and others are told that it is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from worker.concurrency import Tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.logs import Log
    from worker.presence import Presence
    from worker.role import Role
    from worker.settings import Settings

# Of the time from SIGTERM to the end; the rest is for closing.
_SHARE_FINISHING: Final = 0.7
SHARE_GOODBYE: Final = 0.1
"""To take back that the process is there (what stays is told as not seen any more), and for what
is left of traces."""


async def wind_up(
    presence: Presence,
    working: Mapping[Role, asyncio.Task[Any]],
    settings: Settings,
    stop: asyncio.Event,
    log: Log,
) -> None:
    """Say that the process is there until its roles have ended, and then that it is not.

    A database that is away just then is tried for a moment.
    """
    over = asyncio.Event()
    async with Tasks() as tasks:
        telling = tasks.start("heartbeat", presence.run(), until=over)

        async def end() -> None:
            await drain(working, settings, stop, log)
            await asyncio.wait(working.values())
            over.set()
            presence.end()
            goodbye = settings.drain.total_seconds() * SHARE_GOODBYE
            await asyncio.wait([telling], timeout=goodbye)
            telling.cancel()

        tasks.start("end", end())


async def drain(
    working: Mapping[Role, asyncio.Task[Any]], settings: Settings, stop: asyncio.Event, log: Log
) -> None:
    """Once stopped, a role finishes what is in hand; what holds it up for too long is let go.

    The broker takes it back when the connection closes, and leases run out: nothing is lost.
    """
    await stop.wait()
    finishing = settings.drain.total_seconds() * _SHARE_FINISHING
    await asyncio.wait(working.values(), timeout=finishing)
    for role, task in working.items():
        if not task.done():
            log.warning("losgelaten", rol=role.value)
            task.cancel()
