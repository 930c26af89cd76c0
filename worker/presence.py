"""Presence: a process says now and then that it is there and how its roles stand, for who asks."""

from __future__ import annotations

import asyncio
import os
import platform
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Protocol

from uuid_utils.compat import uuid7

from worker.clock import pause
from worker.errors import KlantcontactError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from worker.standing import Standing

EVERY: Final = timedelta(seconds=5)
GONE_AFTER: Final = 4 * EVERY
"""Who was not seen for so long is away, or has no database."""


@dataclass(frozen=True, slots=True)
class Present:
    """A role of a process, in its state `since` when, `seen` when for the last time."""

    process: UUID
    role: str
    host: str
    pid: int
    version: str
    state: str
    reason: str | None
    since: datetime
    seen: datetime
    broker: str | None = None
    """The host of the broker that it is connected to, or was last."""


class Store(Protocol):
    """Where it is kept."""

    async def seen(self, roles: Sequence[Present]) -> None:
        """They stand so; raises Outage."""

    async def gone(self, process: UUID) -> None:
        """It ends; raises Outage."""


@dataclass(slots=True)
class Presence:
    """That of this process, told by a connection of its own: what a role lacks, it may have."""

    opened: Callable[[], AbstractAsyncContextManager[Store]]
    roles: Sequence[Standing]
    changed: asyncio.Event
    """Set when a role stands otherwise than before."""
    clock: Callable[[], datetime]
    """The database's, for it is compared with those of other processes."""
    every: timedelta = EVERY
    retry: float = 1.0
    """How long, in seconds, until it tries again to take back what it told."""
    process: UUID = field(default_factory=uuid7)
    _told: bool = False
    _over: bool = False

    def end(self) -> None:
        """All roles have ended."""
        self._over = True
        self.changed.set()

    async def run(self) -> None:
        """Tell until the end, then take it back, however often that must be tried."""
        while not self._over:
            self.changed.clear()
            with suppress(KlantcontactError):
                await self._tell()
            await pause(self.changed, self.every.total_seconds())
        while self._told:
            with suppress(KlantcontactError):
                await self._take_back()
                return
            await asyncio.sleep(self.retry)

    async def _tell(self) -> None:
        async with self.opened() as store:
            await store.seen([self._present(each) for each in self.roles])
        self._told = True

    async def _take_back(self) -> None:
        async with self.opened() as store:
            await store.gone(self.process)

    def _present(self, each: Standing) -> Present:
        seen = self.clock()
        return Present(
            self.process,
            each.role,
            platform.node(),
            os.getpid(),
            version("klantcontact"),
            each.state,
            each.reason,
            seen - (each.clock() - each.since),
            seen,
            each.broker,
        )
