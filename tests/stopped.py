"""A worker that was stopped for an hour, as by a debugger: `python -m tests.stopped`."""

from __future__ import annotations

import asyncio
import time

import uvloop

from worker import logs
from worker.settings import load
from worker.standing import Health, Standing
from worker.watchdog import watched

_TURNS = 10


async def main() -> None:
    """Let the watchdog look before the role shows its next sign of life."""
    settings = load()
    logs.configure(settings)
    log, stopped = logs.log(), 0.0
    standing = Standing("relay", log.bind(rol="relay"), timer=lambda: time.monotonic() + stopped)
    stopped = 3600.0
    async with watched(settings.watchdog, Health([standing]), log):
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        standing.expect(0)


if __name__ == "__main__":
    uvloop.run(main())
