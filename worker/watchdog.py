"""Watchdog: ends a process whose event loop stands still, so that another can take its place.

What waits for a service has its own deadline everywhere. What never comes back to the loop, as a
loop without an end in a library, has none: no task runs any more, heartbeats stop, and nothing
tells. A thread sees that the loop has missed its beats; it says where the loop stands and ends the
process. Where even threads don't run, because a library keeps the interpreter to itself,
faulthandler ends it after twice the time. And it ends a process of which one role shows no sign of
life: its tasks have ended, or stand still where they should end.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from worker import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from worker.logs import Log
    from worker.standing import Health

STATUS: Final = 70
"""The exit status: an internal software error (sysexits.h)."""
# Counted, not timed: a process or a machine that was stopped for a while has missed none.
_BEATS: Final = 20


@asynccontextmanager
async def watched(longest: timedelta, health: Health, log: Log) -> AsyncIterator[None]:
    """End the process with STATUS if the event loop stands still for `longest` meanwhile.

    Or if a role's sign of life is overdue for as long.
    """
    watch = _Watch(longest.total_seconds() / _BEATS, health, log)
    beating = asyncio.create_task(watch.beat())
    watch.start()
    try:
        yield
    finally:
        beating.cancel()
        watch.over.set()
        faulthandler.cancel_dump_traceback_later()


class _Watch(threading.Thread):
    """Counts the steps, of so many seconds, since the last beat."""

    def __init__(self, step: float, health: Health, log: Log) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._health = health
        self.over = threading.Event()
        self._watched = threading.get_ident()
        self._step = step
        self._log = log
        self._missed = self._most_missed = 0
        self._silent: Counter[str] = Counter()
        metrics.WATCHDOG_MISSED.set_function(self._told)

    async def beat(self) -> None:
        """Show that the loop goes round, until cancelled."""
        while True:
            self._missed = 0
            # It names files, lines and functions, and no values.
            faulthandler.dump_traceback_later(2 * _BEATS * self._step, exit=True)
            self._look()
            await asyncio.sleep(self._step)

    def _look(self) -> None:
        for role in self._health.roles:
            self._silent[role.role] = self._silent[role.role] + 1 if role.silent else 0
            if self._silent[role.role] > _BEATS:
                role.log.error("rol_stil", seconden=round(role.silent, 1))
                _exit()

    def run(self) -> None:
        """Wait for the loop to stand still, or for the end of the watch."""
        while not self.over.wait(self._step):
            self._missed += 1
            self._most_missed = max(self._most_missed, self._missed)
            if self._missed >= _BEATS:
                self._end()

    def _told(self) -> float:
        """The most since it was told last: while the loop stands still, nobody can ask."""
        most, self._most_missed = self._most_missed, 0
        return most

    def _end(self) -> None:
        self._log.error(
            "vastgelopen", seconden=round(_BEATS * self._step, 1), plaats=_place(self._watched)
        )
        _exit()


def _exit() -> None:
    sys.stdout.flush()
    os._exit(STATUS)


def _place(thread: int) -> str:
    """Where a thread is: file, function and line, as a traceback has them, and no values."""
    frame = sys._current_frames()[thread]  # noqa: SLF001 (documented; there is no other way)
    code = frame.f_code
    return f"{Path(code.co_filename).name}, {code.co_name}, line {frame.f_lineno}"
