"""Ending: from SIGTERM on, what is in hand is finished, and others are told that it is over."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.logs import Log
    from worker.presence import Presence
    from worker.role import Role
    from worker.settings import Settings

# Of the time from SIGTERM to the end: until then a role may finish, and until then it is tried to
# take back that the process is there. The rest is for closing.
_SHARE_FINISHING: Final = 0.7
_SHARE_GOODBYE: Final = 0.9


async def wind_up(
    presence: Presence,
    working: Mapping[Role, asyncio.Task[Any]],
    settings: Settings,
    stop: asyncio.Event,
    log: Log,
) -> None:
    """Say that the process is there until its roles have ended, and then that it is not.

    A database that is away just then is tried for as long as there is time.
    """
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(presence.run())
        await stop.wait()
        latest = time.monotonic() + _seconds(settings, _SHARE_GOODBYE)
        await drain(working, settings, stop, log)
        await asyncio.wait(working.values())
        presence.end()
        await asyncio.wait([telling], timeout=max(0, latest - time.monotonic()))
        telling.cancel()


async def drain(
    working: Mapping[Role, asyncio.Task[Any]], settings: Settings, stop: asyncio.Event, log: Log
) -> None:
    """Once stopped, a role finishes what is in hand; what holds it up for too long is let go.

    The broker takes it back when the connection closes, and leases run out: nothing is lost.
    """
    await stop.wait()
    await asyncio.wait(working.values(), timeout=_seconds(settings, _SHARE_FINISHING))
    for role, task in working.items():
        if not task.done():
            log.warning("losgelaten", rol=role.value)
            task.cancel()


def _seconds(settings: Settings, share: float) -> float:
    return settings.drain.total_seconds() * share
