"""The role `mailer`: mail jobs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from worker.clock import database_now
from worker.errors import Outage, UsageError
from worker.mailer import Mailer, Schedule
from worker.outcomes import Announcer
from worker.postgres.mails import PostgresMails
from worker.rabbitmq.consuming import consuming
from worker.rabbitmq.mail_jobs import MailJobs, jobs
from worker.rabbitmq.topology import NOTIFICATIE_EMAIL
from worker.roles.apart import means, together
from worker.roles.opening import batches, broker, database, gate_for, mail_server, patience, working
from worker.smtp.conversation import SmtpConversation
from worker.undeliverable import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from datetime import timedelta

    from worker.envelope import Lane
    from worker.settings import Settings
    from worker.standing import Standing
    from worker.undeliverable import Isolation

# Claimed in one statement, for each connection to the mail server: what they send meanwhile.
_CLAIMED_AT_ONCE = 4


async def mailer(
    settings: Settings, stop: asyncio.Event, standing: Standing, *, isolation: Isolation
) -> None:
    """The role of sending mails."""
    log = standing.log
    gate = gate_for(settings)
    at_once = _CLAIMED_AT_ONCE * settings.smtp_connections
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database(settings, standing.role, 2, by_index=True))
        connection = await stack.enter_async_context(broker(settings, "mailer", gate))
        stack.enter_context(together(isolation, connection, [NOTIFICATIE_EMAIL]))
        consumer = await stack.enter_async_context(
            consuming(
                connection,
                isolation.together([NOTIFICATIE_EMAIL]),
                batches(settings),
                gate,
                prefetch=4 * at_once,
            )
        )
        story = Mailer(
            MailJobs(consumer),
            PostgresMails(pool, Announcer(settings.event_source)),
            database_now,
            _schedule(settings),
            at_once,
            log=log,
        )
        server = mail_server(settings, log)
        conversations = [
            SmtpConversation(server, settings.smtp_deadline)
            for _ in range(settings.smtp_connections)
        ]
        for each in conversations:
            stack.push_async_callback(each.close)
        ways = [Way([NOTIFICATIE_EMAIL], [consumer], partial(_claimed, story))]
        putting_away = means(settings, stop, standing, isolation, pool)
        standing.ready([NOTIFICATIE_EMAIL], connection.host)
        ending = asyncio.Event()
        acts = (ending.set, consumer.stop, story.stop)
        async with working(stop, standing, *acts, gate.open) as tasks:
            mails = tasks.start("mails", story.run(conversations), until=ending)
            patient = partial(
                recorded_first,
                mails=mails,
                acts=acts,
                longest=settings.smtp_deadline + settings.postgres_deadline,
            )
            tending = consumer.tend(patience(settings))
            tasks.start("consumer", patient(tending), until=stop)
            tasks.start("queue apart", patient(isolation.run(ways, putting_away, stop)))


async def recorded_first(
    work: Coroutine[None, None, None],
    *,
    mails: asyncio.Task[None],
    acts: Sequence[Callable[[], None]],
    longest: timedelta,
) -> None:
    """Do `work`; after an outage of it, what is being sent comes on record first.

    `acts` end the task `mails`, which may last for `longest` after that: a mail that is cut off
    behind its content is sent once more.
    """
    try:
        await work
    except Outage:
        for act in acts:
            act()
        await asyncio.wait([mails], timeout=longest.total_seconds())
        raise


async def _claimed(story: Mailer, lane: Lane) -> None:
    """Have the jobs of a queue that is consumed apart sent with the others."""
    while batch := await lane.batch():
        found = jobs(batch)
        if found and not await story.claim(found):
            return
        await lane.settle()


def check_lease(settings: Settings) -> None:
    """Whether claims last long enough to be used; raises UsageError.

    A claim has half the lease at least, and some of it goes by before its mail's turn.
    """
    least = 3 * settings.smtp_deadline
    if settings.mail_lease < least:
        raise UsageError(
            "KLANTCONTACT_MAIL_LEASE must be at least three times KLANTCONTACT_SMTP_DEADLINE, or"
            " mails are left because their leases could end while they are sent; set it to"
            f" PT{ceil(least.total_seconds())}S"
        )


def _schedule(settings: Settings) -> Schedule:
    return Schedule(
        settings.mail_lease,
        settings.smtp_deadline,
        settings.mail_retries,
        settings.mail_unknown_retried,
    )
