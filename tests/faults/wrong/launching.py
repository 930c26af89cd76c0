"""A role as a process of its own, put together by somebody who got it wrong."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from typing import TYPE_CHECKING

import uvloop

from worker import logs
from worker.app import keep
from worker.settings import load
from worker.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from worker.settings import Settings

    Role = Callable[[Settings, asyncio.Event, Standing], Coroutine[None, None, None]]


def launch(role: Role, name: str) -> None:
    """Run it until SIGTERM, through any outage, as the program runs its own."""
    uvloop.run(_run(role, name))


async def _run(role: Role, name: str) -> None:
    settings = load()
    logs.configure(settings)
    standing, stop = Standing(name, logs.log().bind(rol=name)), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await keep(partial(role, settings, stop, standing), settings, stop, standing)
