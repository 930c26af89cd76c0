"""The role `relay`: what is due in the outbox."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from worker.batches import Batches
from worker.clock import database_now
from worker.errors import UsageError
from worker.finishing import Finisher
from worker.mime import HeaderError
from worker.outcomes import Announcer
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.wake import listening
from worker.rabbitmq.offers import Offers
from worker.rabbitmq.publishing import publishing
from worker.relay import Relay
from worker.rendering import TemplateError
from worker.roles.opening import broker, database, working

if TYPE_CHECKING:
    import asyncio

    from worker.settings import Settings
    from worker.standing import Standing


def finisher(settings: Settings) -> Finisher:
    """Templates and sender are the municipality's to mend, before anything is taken."""
    try:
        return Finisher(settings)
    except (TemplateError, HeaderError) as error:
        raise UsageError(f"mails cannot be made: {error}") from None


async def relay(settings: Settings, stop: asyncio.Event, standing: Standing) -> None:
    """The role of publishing what is due in the outbox."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database(settings, standing.role, 3, by_index=True))
        connection = await stack.enter_async_context(broker(settings, "relay"))
        publisher = await stack.enter_async_context(publishing(connection))
        wake = await stack.enter_async_context(listening(pool))
        story = Relay(
            PostgresOutbox(pool, Announcer(settings.event_source)),
            Offers(publisher, settings.mail_bounces),
            finisher(settings).finish,
            database_now,
            Batches(standing.role, standing.log),
            settings.relay_batch,
            settings.relay_lease,
            settings.mail_lease,
            settings.retry_lease,
            settings.relay_attempts,
            settings.relay_poll,
        )
        standing.ready(broker=connection.host)
        async with working(stop, standing, wake.stop) as tasks:
            # With nothing to publish, nothing else would tell that nothing can be.
            tasks.accompany("connection", publisher.gone())
            tasks.start("outbox", story.run(wake), until=stop)
