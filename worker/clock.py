"""The moment that it is, and a pause until another."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# What takes longer to read says less than what is known already.
_QUICK_SECONDS: Final = 1.0


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


class ServerClock:
    """A server's clock as it was read last, carried on by this process's monotonic clock.

    Until it was read, it is this machine's own. A step of this machine's clock changes nothing.
    """

    def __init__(
        self,
        own: Callable[[], datetime] = now,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = own
        self._elapsed = elapsed
        self._read: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """The moment by that clock, in UTC."""
        if self._read is None:
            return self._own()
        moment, at = self._read
        return moment + timedelta(seconds=self._elapsed() - at)

    async def read(self, ask: Callable[[], Awaitable[datetime]]) -> None:
        """Take the server's answer for the middle of the time that it took."""
        began = self._elapsed()
        moment = await ask()
        took = self._elapsed() - began
        if self._read is None or took < _QUICK_SECONDS:
            self._read = moment, began + took / 2


database_now = ServerClock()
"""The moment by the database's clock: leases are stamped and judged by it, by every process.

It is read whenever a pool is opened, which a worker does every few seconds.
"""


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until `stop`."""
    waiting = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([waiting], timeout=max(0, seconds))
    finally:
        waiting.cancel()
