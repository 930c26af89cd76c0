"""The role `sink`: what the broker gave up, what mail systems report, and the housekeeping."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from worker.batches import Batches, Measured
from worker.bounces import Bounces
from worker.clock import database_now
from worker.counting import Counting
from worker.housekeeping import Housekeeping
from worker.outcomes import Announcer
from worker.postgres.attempts import PostgresAttempts
from worker.postgres.bounces import PostgresBounces
from worker.postgres.counting import PostgresCounts
from worker.postgres.housekeeping import PostgresHousekeeping
from worker.rabbitmq.consuming import opened
from worker.rabbitmq.topology import BOUNCE, DLQ
from worker.roles.apart import keeper, means, together
from worker.roles.opening import batches, broker, consume, database, gate_for, patience, working
from worker.undeliverable import Way

if TYPE_CHECKING:
    import asyncio

    from worker.envelope import Story
    from worker.roles.apart import Guards
    from worker.settings import Settings
    from worker.standing import Standing
    from worker.undeliverable import Work


async def sink(
    settings: Settings,
    stop: asyncio.Event,
    standing: Standing,
    *,
    guards: Guards,
) -> None:
    """The role of putting on record what the broker dead-lettered and what came back."""
    log = standing.log
    gate, limits = gate_for(settings), batches(settings)
    counted = Batches(standing.role, log)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database(settings, standing.role, 4))
        connection = await stack.enter_async_context(broker(settings, "sink", gate))
        announcer = Announcer(settings.event_source)
        story = keeper(settings, standing, pool)
        bounces = Bounces(
            PostgresBounces(pool, announcer), settings.message_bytes, database_now, log
        )
        housekeeping = Housekeeping(
            PostgresHousekeeping(pool, announcer),
            settings.housekeeping,
            settings.growth_period,
            settings.keep_resolved,
            settings.keep_archived,
            settings.keep_inbox,
            database_now,
            log,
        )
        stack.enter_context(together(guards.isolation, connection, [DLQ, BOUNCE]))
        lane = await opened(connection, limits, gate)
        bounce_lane = await opened(connection, limits, gate)
        attempts = PostgresAttempts(pool)
        counting = Counting(PostgresCounts(pool), settings.housekeeping, database_now)

        def worked(story: Story) -> Work:
            measured = Measured(story, counted)
            return lambda lane: guards.suspects.run(lane, measured, attempts)

        ways = [Way([DLQ], [lane], worked(story)), Way([BOUNCE], [bounce_lane], worked(bounces))]
        isolation = guards.isolation
        putting_away = means(settings, stop, standing, isolation, pool)
        async with working(stop, standing, lane.stop, bounce_lane.stop, gate.open) as tasks:
            for way in ways:
                for each in way.consumers:
                    tend = each.tend(patience(settings))
                    tasks.start(f"consumer of {way.queues[0]}", tend, until=stop)
                    tasks.start(way.queues[0], way.work(each), until=stop)
            tasks.start("housekeeping", housekeeping.run(stop), until=stop)
            tasks.start("counting", counting.run(stop), until=stop)
            asked = [
                (each, isolation.together(way.queues)) for way in ways for each in way.consumers
            ]
            tasks.start("consume", consume(asked, settings, standing, connection.host))
            tasks.start("queues apart", isolation.run(ways, putting_away, stop))
