"""What wakes the relay: a NOTIFY of the intake's commit."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import asyncpg

from worker.clock import pause
from worker.errors import Outage
from worker.postgres.failures import translated
from worker.postgres.waiting import OUTBOX_CHANNEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from worker.postgres.pool import Pool


class PostgresWake:
    """Set by a notification, by the loss of the listening connection, and by `stop`."""

    def __init__(self) -> None:
        self._stirred = asyncio.Event()
        self._lost = False
        self.stopped = False

    def stir(self, *_: object) -> None:
        """There may be something to do."""
        self._stirred.set()

    def lose(self, _: object) -> None:
        """Nobody will tell any more."""
        self._lost = True
        self._stirred.set()

    def stop(self) -> None:
        """There is nothing more to do."""
        self.stopped = True
        self._stirred.set()

    async def wait(self, longest: timedelta) -> None:
        """Wait until stirred, `longest` at most; raises Outage if nobody would tell."""
        await pause(self._stirred, longest.total_seconds())
        if self._lost:
            raise Outage("PostgreSQL closed the connection that the relay listens on")
        if not self.stopped:
            self._stirred.clear()


@asynccontextmanager
async def listening(pool: Pool) -> AsyncIterator[PostgresWake]:
    """Listen on a connection of its own; the relay's poll stands behind it."""
    wake = PostgresWake()
    with translated():
        connection = await pool.acquire()
        await connection.add_listener(OUTBOX_CHANNEL, wake.stir)
        connection.add_termination_listener(wake.lose)
    try:
        yield wake
    finally:
        # Not with a word, a server that is silent would be waited for; and it may be gone already.
        with suppress(asyncpg.InterfaceError):
            connection.terminate()
