"""Faults of the program's own processes: killed, told to stop, stopped for some time."""

from __future__ import annotations

import os
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue.fault import Named
from tests.faults.world import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.world import World


@asynccontextmanager
async def killed(world: World) -> AsyncIterator[None]:
    """SIGKILL to one of the workers, in the middle of whatever it does."""
    await world.workers.kill(_one(world))
    yield


@asynccontextmanager
async def terminated(world: World) -> AsyncIterator[None]:
    """SIGTERM to one of the workers in full flight."""
    await world.workers.terminate(_one(world))
    yield


@asynccontextmanager
async def paused(world: World) -> AsyncIterator[None]:
    """One of the workers stands still, and later goes on as if nothing had been.

    Held for longer than its leases, others have taken over what it thinks it has in hand.
    """
    pid = world.workers.pid(_one(world))
    try:
        os.kill(pid, signal.SIGSTOP)
    except ProcessLookupError:
        raise Unavailable("the worker had ended already") from None
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _one(world: World) -> str:
    names = sorted(world.workers.names)
    if not names:
        raise Unavailable("no worker runs at this moment")
    return world.chance.choice(names)


FAULTS: Final = (
    Named("worker-killed", killed, frozenset({"workers"}), repeats_mails=True),
    Named("worker-terminated", terminated, frozenset({"workers"})),
    Named("worker-paused", paused, frozenset({"workers"}), repeats_mails=True),
)
