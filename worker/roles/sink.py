"""The role `sink`: what the broker gave up, what mail systems report, and the housekeeping."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from worker.batches import Batches, Measured
from worker.bounces import Bounces
from worker.clock import database_now
from worker.counting import Counting
from worker.deaths import Deaths, Queues
from worker.housekeeping import Housekeeping
from worker.outcomes import Announcer
from worker.postgres.attempts import PostgresAttempts
from worker.postgres.bounces import PostgresBounces
from worker.postgres.counting import PostgresCounts
from worker.postgres.housekeeping import PostgresHousekeeping
from worker.postgres.sinking import PostgresSink
from worker.rabbitmq.consuming import opened
from worker.rabbitmq.topology import (
    BOUNCE,
    DLQ,
    HERVAT,
    NOTIFICATIE_EMAIL,
    REGISTRATIE_QUEUES,
    ZAKEN,
    definitions,
)
from worker.roles.opening import batches, broker, consume, database, gate_for, patience, working
from worker.sink import Sink

if TYPE_CHECKING:
    import asyncio

    from worker.envelope import Story
    from worker.rabbitmq.consuming import Consumer
    from worker.settings import Settings
    from worker.standing import Standing
    from worker.suspects import Suspects


async def sink(
    settings: Settings, stop: asyncio.Event, standing: Standing, *, suspects: Suspects
) -> None:
    """The role of putting on record what the broker dead-lettered and what came back."""
    log = standing.log
    gate, limits = gate_for(settings), batches(settings)
    measured = partial(Measured, batches=Batches(standing.role, log))
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database(settings, standing.role, 4))
        connection = await stack.enter_async_context(broker(settings, "sink", gate))
        announcer = Announcer(settings.event_source)
        store = PostgresSink(pool, announcer, settings.outage_pause)
        story = Sink(store, Deaths(QUEUES, settings.message_bytes, log), database_now, log)
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
        lane = await opened(connection, limits, gate)
        bounce_lane = await opened(connection, limits, gate)
        attempts = PostgresAttempts(pool)
        counting = Counting(PostgresCounts(pool), settings.housekeeping, database_now)
        lanes: list[tuple[Consumer, str, Story]] = [
            (lane, DLQ, story),
            (bounce_lane, BOUNCE, bounces),
        ]
        async with working(stop, standing, lane.stop, bounce_lane.stop, gate.open) as tasks:
            for each, queue, taker in lanes:
                tasks.start(f"consumer of {queue}", each.tend(patience(settings)), until=stop)
                work = suspects.run(each, measured(taker), attempts)
                tasks.start(queue, work, until=stop)
            tasks.start("housekeeping", housekeeping.run(stop), until=stop)
            tasks.start("counting", counting.run(stop), until=stop)
            asked = [(each, [queue]) for each, queue, _ in lanes]
            tasks.start("consume", consume(asked, settings, standing, connection.host))


QUEUES = Queues(
    known=frozenset(each["name"] for each in definitions()["queues"]),
    contacts=frozenset(REGISTRATIE_QUEUES),
    facts=ZAKEN,
    retries=HERVAT,
    mails=NOTIFICATIE_EMAIL,
)
