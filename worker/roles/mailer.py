"""The role `mailer`: mail jobs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from worker.clock import now
from worker.mailer import Mailer
from worker.outcomes import Announcer
from worker.postgres.mails import PostgresMails
from worker.rabbitmq.consuming import Limits, consuming
from worker.rabbitmq.mail_jobs import MailJobs
from worker.rabbitmq.topology import NOTIFICATIE_EMAIL
from worker.roles.opening import broker, database, gate_for, mail_server, when
from worker.smtp.conversation import SmtpConversation

if TYPE_CHECKING:
    from worker.logs import Log
    from worker.settings import Settings


async def mailer(settings: Settings, stop: asyncio.Event, log: Log) -> None:
    """The role of sending mails."""
    gate = gate_for(settings)
    limits = Limits(1, 1)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database(settings, 3))
        connection = await stack.enter_async_context(broker(settings, "mailer", gate))
        consumer = await stack.enter_async_context(
            consuming(
                connection,
                [NOTIFICATIE_EMAIL],
                limits,
                gate,
                prefetch=4 * settings.smtp_connections,
            )
        )
        story = Mailer(
            MailJobs(consumer),
            PostgresMails(pool, Announcer(settings.event_source)),
            now,
            settings.mail_lease,
            settings.mail_retries,
            log,
        )
        server = mail_server(settings, log)
        log.info("gereed", queues=[NOTIFICATIE_EMAIL])
        async with asyncio.TaskGroup() as group:
            group.create_task(when(stop, consumer.stop, gate.open))
            for _ in range(settings.smtp_connections):
                conversation = SmtpConversation(server, settings.smtp_deadline)
                stack.push_async_callback(conversation.close)
                group.create_task(story.run(conversation))
