"""A relay that marks rows of the outbox as it claims them: before the confirm, not after."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.faults.wrong.launching import launch
from worker.batches import Batches
from worker.clock import now
from worker.outcomes import Announcer
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.wake import listening
from worker.rabbitmq.offers import Offers
from worker.rabbitmq.publishing import publishing
from worker.relay import Relay
from worker.roles.opening import broker, database, working
from worker.roles.relay import finisher

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.relay import Due
    from worker.settings import Settings
    from worker.standing import Standing


class HastyOutbox(PostgresOutbox):
    """The real one, of which everything that is handed out is marked already."""

    async def claim(self, now: datetime, until: datetime, most: int) -> list[Due]:
        """Rows that nobody will find again."""
        due = await super().claim(now, until, most)
        if due:
            await super().settle([each.row for each in due], [], now)
        return due

    async def settle(self, done: Sequence[UUID], parked: Sequence[UUID], now: datetime) -> None:
        """It is too late for that."""


async def _relay(settings: Settings, stop: asyncio.Event, standing: Standing) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database(settings, "relay", 3, by_index=True))
        connection = await stack.enter_async_context(broker(settings, "relay"))
        publisher = await stack.enter_async_context(publishing(connection))
        wake = await stack.enter_async_context(listening(pool))
        story = Relay(
            HastyOutbox(pool, Announcer(settings.event_source)),
            Offers(publisher, settings.mail_bounces),
            finisher(settings).finish,
            now,
            Batches(standing.role, standing.log),
            settings.relay_batch,
            settings.relay_lease,
            settings.mail_lease,
            settings.retry_lease,
            settings.relay_attempts,
            settings.relay_poll,
        )
        standing.ready()
        async with working(stop, standing, wake.stop) as tasks:
            tasks.accompany("connection", publisher.gone())
            tasks.start("outbox", story.run(wake), until=stop)


if __name__ == "__main__":
    launch(_relay, "relay")
