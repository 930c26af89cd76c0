"""Presence: each role of each process says now and then that it is there, for who asks."""

from __future__ import annotations

import asyncio
import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Protocol

from uuid_utils.compat import uuid7

from worker.clock import pause
from worker.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

EVERY: Final = timedelta(seconds=10)
GONE_AFTER: Final = 3 * EVERY
"""Who was not seen for so long is away, or has no database."""
_GOODBYE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Present:
    """A role at work in a process, `since` when, `seen` when for the last time."""

    process: UUID
    role: str
    host: str
    pid: int
    version: str
    since: datetime
    seen: datetime


class Store(Protocol):
    """Where it is kept."""

    async def seen(self, present: Present) -> None:
        """It is there; raises Outage."""

    async def gone(self, present: Present) -> None:
        """It ends; raises Outage."""


@cache
def _process() -> UUID:
    identity: UUID = uuid7()
    return identity


@dataclass(frozen=True, slots=True)
class Presence:
    """That of one role of this process."""

    store: Store
    role: str
    clock: Callable[[], datetime]

    async def run(self, stop: asyncio.Event) -> None:
        """Say so every so often until `stop`, then say goodbye; raises Outage."""
        since = self.clock()
        while not stop.is_set():
            await self.store.seen(self._present(since))
            await pause(stop, EVERY.total_seconds())
        with suppress(Outage, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self.store.gone(self._present(since))

    def _present(self, since: datetime) -> Present:
        host, own = platform.node(), version("klantcontact")
        return Present(_process(), self.role, host, os.getpid(), own, since, self.clock())
