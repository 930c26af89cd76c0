"""Housekeeping of the dead letters: counted, told of where they grow, and purged when old.

Any number of processes may do it side by side; the store sees to it that each step is done once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from worker.clock import pause
from worker.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from worker.logs import Log
    from worker.outcomes import Growth
    from worker.settings import Settings

# What is kept for a year need not be looked at every ten seconds.
_LOOKS = 1000
_DAY = timedelta(days=1)
# A delivery that ends the program comes again at once; what is as old as this came no more.
_KEEP_ATTEMPTS = _DAY
_KEEP_PROCESSES = _DAY


class Store(Protocol):
    """What is kept. Each call is one short transaction over a bounded number of rows.

    Those that return whether there is more are to be called again then.
    """

    async def sum_up(self, now: datetime) -> bool:
        """Sum up the counts of the groups; whether there is more."""

    async def grown(self, now: datetime, before: datetime) -> Sequence[Growth]:
        """Tell of groups that grow, and were not told of since `before`; all that were told of.

        There is more unless it is empty.
        """

    async def forget_resolved(self, before: datetime) -> bool:
        """Delete dead letters that were resolved before; whether there is more."""

    async def forget_archived(self, before: datetime) -> bool:
        """Delete dead letters that were archived before; whether there is more."""

    async def forget_registered(self, before: datetime) -> bool:
        """Delete keys of the inbox that were registered before; whether there is more."""

    async def forget_tokens(self, before: datetime) -> bool:
        """Delete bound tokens that came first before; whether there is more."""

    async def forget_attempts(self, before: datetime) -> bool:
        """Delete attempts at deliveries that were tried last before; whether there is more."""

    async def forget_processes(self, before: datetime) -> None:
        """Delete processes that were seen last before: somebody killed them."""


@dataclass(slots=True)
class Housekeeping:
    """What is done over and over."""

    store: Store
    period: timedelta
    growth_period: timedelta
    keep_resolved: timedelta
    keep_archived: timedelta
    keep_inbox: timedelta
    clock: Callable[[], datetime]
    log: Log
    _inbox_due: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; raises Outage."""
        while not stop.is_set():
            await self.round()
            await pause(stop, self.period.total_seconds())

    async def round(self) -> None:
        """Everything once."""
        now = self.clock()
        while await self.store.sum_up(now):
            pass
        await self._tell(now)
        while await self.store.forget_resolved(now - self.keep_resolved):
            pass
        while await self.store.forget_archived(now - self.keep_archived):
            pass
        while await self.store.forget_attempts(now - _KEEP_ATTEMPTS):
            pass
        await self.store.forget_processes(now - _KEEP_PROCESSES)
        if self._inbox_due is None or self._inbox_due <= now:
            await self._inbox(now)

    async def _tell(self, now: datetime) -> None:
        while grown := await self.store.grown(now, now - self.growth_period):
            for each in grown:
                self.log.warning(
                    "dead_letters_groeien",
                    code=each.code,
                    queue=each.queue,
                    veld=each.veld,
                    aantal=each.count,
                    nieuw=each.fresh,
                )

    async def _inbox(self, now: datetime) -> None:
        """Its rows are many and found by their place alone, so they are looked for seldom."""
        before = now - self.keep_inbox
        while await self.store.forget_registered(before):
            pass
        while await self.store.forget_tokens(before):
            pass
        self._inbox_due = now + self.keep_inbox / _LOOKS


def check_retention(settings: Settings) -> None:
    """Whether the inbox outlives whatever may come again; raises UsageError.

    A dead letter that is retried after the inbox forgot its key would be registered twice.
    """
    least = settings.oldest_message + max(settings.keep_resolved, settings.keep_archived)
    if settings.keep_inbox < least:
        days = -(-least // _DAY)
        raise UsageError(
            "KLANTCONTACT_KEEP_INBOX must be at least KLANTCONTACT_OLDEST_MESSAGE plus the longer"
            " of KLANTCONTACT_KEEP_RESOLVED and KLANTCONTACT_KEEP_ARCHIVED, or what comes again"
            f" could be registered twice; set it to P{days}D, or keep dead letters for less long"
        )
