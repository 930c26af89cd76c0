"""A worker of which one role shows no sign of life, as a process: `python -m tests.silent`."""

from __future__ import annotations

import asyncio

import uvloop

from worker import logs
from worker.settings import load
from worker.standing import Health, Standing
from worker.watchdog import watched


async def main() -> None:
    """Go round without the role, until somebody ends it."""
    settings = load()
    logs.configure(settings)
    log, seconds = logs.log(), 0.0

    def timer() -> float:
        # An hour for each time that somebody looks.
        nonlocal seconds
        seconds += 3600
        return seconds

    standing = Standing("relay", log.bind(rol="relay"), timer=timer)
    async with watched(settings.watchdog, Health([standing]), log):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
