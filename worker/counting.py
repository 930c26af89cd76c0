"""Counting: what waits and what failed, looked up in the database every so often, for metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from worker import metrics
from worker.clock import pause

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is at one moment."""

    outbox: int = 0
    """Rows that are due."""
    outbox_since: datetime | None = None
    """Since when the oldest of them is."""
    parked: int = 0
    notifications: Mapping[str, int] = field(default_factory=dict)
    """Mails by toestand, without those that are sent."""
    dead_letters: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By code and toestand."""
    waiting_since: datetime | None = None
    """When the oldest message came that waits for its zaak."""


class Store(Protocol):
    """Where it is looked up."""

    async def counts(self, now: datetime) -> Counts:
        """All of it; raises Outage."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Looks and tells, over and over."""

    store: Store
    period: timedelta
    clock: Callable[[], datetime]

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; raises Outage."""
        while not stop.is_set():
            now = self.clock()
            tell(await self.store.counts(now), now)
            await pause(stop, self.period.total_seconds())


def tell(counts: Counts, now: datetime) -> None:
    """Put them in the metrics."""
    metrics.OUTBOX_ROWS.set(counts.outbox)
    metrics.OUTBOX_OLDEST.set(age(counts.outbox_since, now))
    metrics.OUTBOX_PARKED.set(counts.parked)
    metrics.WAITING_OLDEST.set(age(counts.waiting_since, now))
    metrics.replace(
        metrics.NOTIFICATIONS, {(each,): found for each, found in counts.notifications.items()}
    )
    metrics.replace(metrics.DEAD_LETTERS, counts.dead_letters)


def age(since: datetime | None, now: datetime) -> float:
    """In seconds; 0 without a moment."""
    return 0 if since is None else max(0.0, (now - since).total_seconds())
