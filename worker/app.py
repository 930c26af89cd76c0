"""Composition root: opens everything in one place, runs the roles, stops them."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from worker.domain.rules import Policy
from worker.errors import Outage, UsageError
from worker.finishing import Finisher
from worker.intake import Intake
from worker.mailer import Mailer
from worker.mime import HeaderError
from worker.postgres.mails import PostgresMails
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.pool import connected as postgres
from worker.postgres.register import PostgresRegister
from worker.postgres.registration import Registrations
from worker.postgres.schema import pending
from worker.postgres.wake import listening
from worker.rabbitmq.connection import connected as rabbitmq
from worker.rabbitmq.consuming import Limits, consuming, opened
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.mail_jobs import MailJobs, MailOffers
from worker.rabbitmq.publishing import publishing
from worker.rabbitmq.topology import NOTIFICATIE_EMAIL, REGISTRATIE_QUEUES, ZAKEN
from worker.register import ZakenIntake
from worker.relay import Relay
from worker.rendering import TemplateError
from worker.smtp.conversation import SmtpConversation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from worker.logs import Log
    from worker.postgres.pool import Pool
    from worker.settings import Settings

# Of the memory budget: what the bodies of deliveries in hand may take, and one batch. The rest
# is the program itself and what is made of a batch while it is decided and written.
_SHARE_IN_HAND = 8
_SHARE_BATCH = 64
_STEADY_SECONDS = 60
_FIRST_PAUSE_SECONDS = 0.25


class Role(StrEnum):
    """What a worker process can do; any number of processes may do any of it."""

    INTAKE = "intake"
    RELAY = "relay"
    MAILER = "mailer"


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


async def work(settings: Settings, roles: Iterable[Role], log: Log) -> None:
    """Run the roles until SIGTERM or SIGINT, through any outage."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    chosen = list(dict.fromkeys(roles)) or list(Role)
    _check(settings)
    log.info("start", rollen=[role.value for role in chosen])
    async with asyncio.TaskGroup() as group:
        for role in chosen:
            run = partial(_ROLES[role], settings, stop, log.bind(rol=role.value))
            group.create_task(keep(run, settings, stop, log.bind(rol=role.value)))
    log.info("gestopt")


def _check(settings: Settings) -> Finisher:
    """Templates and sender are the municipality's to mend, before anything is taken."""
    try:
        return Finisher(settings)
    except (TemplateError, HeaderError) as error:
        raise UsageError(f"mails cannot be made: {error}") from None


async def keep(
    run: Callable[[], Awaitable[None]], settings: Settings, stop: asyncio.Event, log: Log
) -> None:
    """Run a role again after each outage, after pauses that grow and differ.

    Everything a role has open is closed in an outage, so the broker takes back what was in
    hand, and it is opened anew, database first: nothing is consumed that could not be stored.
    """
    tries = 0
    while not stop.is_set():
        began = time.monotonic()
        try:
            await run()
        except* Outage as group:
            tries = 0 if time.monotonic() - began > _STEADY_SECONDS else tries + 1
            longest = settings.outage_pause.total_seconds()
            pause = min(longest, _FIRST_PAUSE_SECONDS * 2 ** min(tries, 16))
            pause *= random.uniform(0.5, 1)  # noqa: S311 (spreads retries, protects nothing)
            log.warning("uitval", reden=str(_first(group)), opnieuw_over_s=round(pause, 1))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


@asynccontextmanager
async def _database(settings: Settings, size: int) -> AsyncIterator[Pool]:
    """A pool on a database whose schema is as new as the program."""
    async with postgres(settings.postgres_url.get_secret_value(), size=size) as pool:
        if await pending(pool):
            msg = "the database's schema is older than this program; run `klantcontact migrate`"
            raise Outage(msg)
        yield pool


async def _when(stop: asyncio.Event, *acts: Callable[[], None]) -> None:
    await stop.wait()
    for act in acts:
        act()


async def _intake(settings: Settings, stop: asyncio.Event, log: Log) -> None:
    gate = Gate(settings.memory_budget // _SHARE_IN_HAND)
    limits = Limits(
        settings.batch_size,
        settings.memory_budget // _SHARE_BATCH,
        settings.batch_linger.total_seconds(),
    )
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_database(settings, settings.intake_lanes + 1))
        connection = await stack.enter_async_context(
            rabbitmq(settings.amqp_url.get_secret_value(), "klantcontact intake", gate=gate)
        )

        contacts = Intake(
            Registrations(pool),
            _policy(settings),
            settings.message_bytes,
            REGISTRATIE_QUEUES,
            now,
            log,
        )
        facts = ZakenIntake(
            PostgresRegister(pool),
            settings.zaaksysteem,
            settings.clock_skew,
            settings.message_bytes,
            now,
            log,
        )
        lanes = [await opened(connection, limits, gate) for _ in range(settings.intake_lanes)]
        facts_lane = await opened(connection, limits, gate)
        prefetch = 2 * settings.batch_size
        async with asyncio.TaskGroup() as group:
            group.create_task(_when(stop, *(lane.stop for lane in (*lanes, facts_lane)), gate.open))
            group.create_task(facts.run(facts_lane))
            for lane in lanes:
                group.create_task(contacts.run(lane))
                await lane.consume(list(REGISTRATIE_QUEUES), prefetch)
            await facts_lane.consume([ZAKEN], prefetch)
            log.info("gereed", queues=[*REGISTRATIE_QUEUES, ZAKEN])


def _policy(settings: Settings) -> Policy:
    return Policy(settings.contacts_without_zaak, settings.clock_skew, settings.oldest_message)


async def _relay(settings: Settings, stop: asyncio.Event, log: Log) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_database(settings, 3))
        connection = await stack.enter_async_context(
            rabbitmq(settings.amqp_url.get_secret_value(), "klantcontact relay")
        )
        publisher = await stack.enter_async_context(publishing(connection))
        wake = await stack.enter_async_context(listening(pool))
        relay = Relay(
            PostgresOutbox(pool),
            MailOffers(publisher, settings.mail_from),
            _check(settings).finish,
            now,
            log,
            settings.relay_batch,
            settings.relay_lease,
            settings.mail_lease,
            settings.relay_attempts,
            settings.relay_poll,
        )
        log.info("gereed")
        async with asyncio.TaskGroup() as group:
            group.create_task(_when(stop, wake.stop))
            group.create_task(relay.run(wake))


async def _mailer(settings: Settings, stop: asyncio.Event, log: Log) -> None:
    gate = Gate(settings.memory_budget // _SHARE_IN_HAND)
    limits = Limits(1, 1)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_database(settings, 3))
        connection = await stack.enter_async_context(
            rabbitmq(settings.amqp_url.get_secret_value(), "klantcontact mailer", gate=gate)
        )
        consumer = await stack.enter_async_context(
            consuming(
                connection,
                [NOTIFICATIE_EMAIL],
                limits,
                gate,
                prefetch=4 * settings.smtp_connections,
            )
        )
        mailer = Mailer(
            MailJobs(consumer),
            PostgresMails(pool),
            now,
            settings.mail_lease,
            settings.mail_retries,
            log,
        )
        log.info("gereed", queues=[NOTIFICATIE_EMAIL])
        async with asyncio.TaskGroup() as group:
            group.create_task(_when(stop, consumer.stop, gate.open))
            for _ in range(settings.smtp_connections):
                conversation = SmtpConversation(
                    settings.smtp_host, settings.smtp_port, settings.smtp_deadline
                )
                stack.push_async_callback(conversation.close)
                group.create_task(mailer.run(conversation))


_ROLES: dict[Role, Callable[[Settings, asyncio.Event, Log], Awaitable[None]]] = {
    Role.INTAKE: _intake,
    Role.RELAY: _relay,
    Role.MAILER: _mailer,
}
