"""Composition root: opens what each role of a worker process needs, and closes it again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Protocol

from worker.claims import Expected
from worker.clock import now
from worker.deaths import Deaths, Queues
from worker.domain.question import Policy
from worker.errors import Outage, UsageError
from worker.finishing import Finisher
from worker.housekeeping import Housekeeping
from worker.intake import Intake
from worker.keys.token_keys import Sources, TokenKeys
from worker.mailer import Mailer
from worker.mime import HeaderError
from worker.outcomes import Announcer
from worker.postgres.housekeeping import PostgresHousekeeping
from worker.postgres.mails import PostgresMails
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.pool import connected as postgres
from worker.postgres.register import PostgresRegister
from worker.postgres.registration import Registrations
from worker.postgres.schema import pending
from worker.postgres.sinking import PostgresSink
from worker.postgres.stored import PostgresLetters
from worker.postgres.tls import database_url, open_to_others
from worker.postgres.wake import listening
from worker.rabbitmq.connection import connected as rabbitmq
from worker.rabbitmq.consuming import Limits, consuming, opened
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.mail_jobs import MailJobs
from worker.rabbitmq.offers import Offers
from worker.rabbitmq.publishing import publishing
from worker.rabbitmq.tls import address
from worker.rabbitmq.topology import (
    DLQ,
    HERVAT,
    NOTIFICATIE_EMAIL,
    REGISTRATIE_QUEUES,
    ZAKEN,
    definitions,
)
from worker.reading import Proofs, Reader
from worker.register import ZakenIntake
from worker.relay import Relay
from worker.rendering import TemplateError
from worker.resumption import Resumption
from worker.sink import Sink
from worker.smtp.conversation import SmtpConversation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from worker.logs import Log
    from worker.postgres.pool import Pool
    from worker.rabbitmq.connection import Connection
    from worker.settings import Settings

# Of the memory budget: what the bodies of deliveries in hand may take, and one batch. The rest
# is the program itself and what is made of a batch while it is decided and written.
_SHARE_IN_HAND = 8
_SHARE_BATCH = 64


class KeptProofs(Proofs, Protocol):
    """Proofs whose keys are had from somewhere, and kept up to date."""

    async def open(self) -> None:
        """Have keys; raises Outage while there are none."""

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Look for other keys every so often, until `stop`."""


def finisher(settings: Settings) -> Finisher:
    """Templates and sender are the municipality's to mend, before anything is taken."""
    try:
        return Finisher(settings)
    except (TemplateError, HeaderError) as error:
        raise UsageError(f"mails cannot be made: {error}") from None


@asynccontextmanager
async def _database(
    settings: Settings, size: int, *, by_index: bool = False
) -> AsyncIterator[Pool]:
    """A pool on a database whose schema is as new as the program."""
    with _renewed():
        url = database_url(settings)
    async with postgres(url, size=size, by_index=by_index) as pool:
        if await pending(pool):
            msg = "the database's schema is older than this program; run `klantcontact migrate`"
            raise Outage(msg)
        yield pool


@asynccontextmanager
async def _broker(
    settings: Settings, name: str, gate: Gate | None = None
) -> AsyncIterator[Connection]:
    with _renewed():
        at = address(settings)
    async with rabbitmq(at, f"klantcontact {name}", gate=gate) as connection:
        yield connection


@contextmanager
def _renewed() -> Iterator[None]:
    """Certificates were right when the worker started: what is wrong now, somebody is renewing."""
    try:
        yield
    except UsageError as error:
        raise Outage(str(error)) from None


def connections(settings: Settings, log: Log) -> None:
    """Whether broker and database can be verified as the settings say; raises UsageError.

    A way that others can listen on may be meant so, but nobody should have to find it out.
    """
    broker, database = address(settings), database_url(settings)
    if broker.open_to_others:
        log.warning("onversleuteld", dienst="rabbitmq", instelling="KLANTCONTACT_AMQP_URL")
    if open_to_others(database):
        log.warning("onversleuteld", dienst="postgres", instelling="KLANTCONTACT_POSTGRES_URL")


async def _when(stop: asyncio.Event, *acts: Callable[[], None]) -> None:
    await stop.wait()
    for act in acts:
        act()


async def intake(settings: Settings, stop: asyncio.Event, log: Log, *, proofs: KeptProofs) -> None:
    """The role of taking messages in; `proofs` outlives it, with its last good keys."""
    gate = Gate(settings.memory_budget // _SHARE_IN_HAND)
    limits = Limits(
        settings.batch_size,
        settings.memory_budget // _SHARE_BATCH,
        settings.batch_linger.total_seconds(),
    )
    async with AsyncExitStack() as stack:
        await proofs.open()
        pool = await stack.enter_async_context(_database(settings, settings.intake_lanes + 2))
        connection = await stack.enter_async_context(_broker(settings, "intake", gate))

        contacts = Intake(
            Reader(proofs, settings.message_bytes, REGISTRATIE_QUEUES, log),
            Registrations(pool, Announcer(settings.event_source)),
            _policy(settings),
            settings.deferrals,
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
        resumption = Resumption(
            PostgresLetters(pool),
            contacts,
            facts,
            ZAKEN,
            settings.memory_budget // _SHARE_BATCH,
            log,
        )
        lanes = [await opened(connection, limits, gate) for _ in range(settings.intake_lanes)]
        facts_lane = await opened(connection, limits, gate)
        resumed_lane = await opened(connection, limits, gate)
        prefetch = 2 * settings.batch_size
        async with asyncio.TaskGroup() as group:
            every = (*lanes, facts_lane, resumed_lane)
            group.create_task(_when(stop, *(lane.stop for lane in every), gate.open))
            group.create_task(proofs.keep_fresh(stop))
            group.create_task(facts.run(facts_lane))
            group.create_task(resumption.run(resumed_lane))
            for lane in lanes:
                group.create_task(contacts.run(lane))
                await lane.consume(list(REGISTRATIE_QUEUES), prefetch)
            await facts_lane.consume([ZAKEN], prefetch)
            await resumed_lane.consume([HERVAT], prefetch)
            log.info("gereed", queues=[*REGISTRATIE_QUEUES, ZAKEN, HERVAT])


def _policy(settings: Settings) -> Policy:
    return Policy(
        settings.contacts_without_zaak,
        settings.clock_skew,
        settings.oldest_message,
        settings.token_lifetime,
    )


def token_keys(settings: Settings, log: Log) -> TokenKeys:
    """The keys of tokens as the settings name them; raises UsageError."""
    expected = Expected(
        settings.openid_issuer,
        settings.openid_audience,
        settings.openid_person_claim,
        settings.openid_roles_claim,
        settings.token_digest_required,
    )
    sources = Sources(settings.token_secrets_file, settings.openid_jwks, settings.openid_refresh)
    return TokenKeys(sources, expected, log)


async def relay(settings: Settings, stop: asyncio.Event, log: Log) -> None:
    """The role of publishing what is due in the outbox."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_database(settings, 3, by_index=True))
        connection = await stack.enter_async_context(_broker(settings, "relay"))
        publisher = await stack.enter_async_context(publishing(connection))
        wake = await stack.enter_async_context(listening(pool))
        story = Relay(
            PostgresOutbox(pool),
            Offers(publisher, settings.mail_from),
            finisher(settings).finish,
            now,
            log,
            settings.relay_batch,
            settings.relay_lease,
            settings.mail_lease,
            settings.retry_lease,
            settings.relay_attempts,
            settings.relay_poll,
        )
        log.info("gereed")
        async with asyncio.TaskGroup() as group:
            group.create_task(_when(stop, wake.stop))
            group.create_task(story.run(wake))


async def mailer(settings: Settings, stop: asyncio.Event, log: Log) -> None:
    """The role of sending mails."""
    gate = Gate(settings.memory_budget // _SHARE_IN_HAND)
    limits = Limits(1, 1)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_database(settings, 3))
        connection = await stack.enter_async_context(_broker(settings, "mailer", gate))
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
                group.create_task(story.run(conversation))


async def sink(settings: Settings, stop: asyncio.Event, log: Log) -> None:
    """The role of putting on record what the broker dead-lettered, and of the housekeeping."""
    gate = Gate(settings.memory_budget // _SHARE_IN_HAND)
    limits = Limits(
        settings.batch_size,
        settings.memory_budget // _SHARE_BATCH,
        settings.batch_linger.total_seconds(),
    )
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_database(settings, 3))
        connection = await stack.enter_async_context(_broker(settings, "sink", gate))
        announcer = Announcer(settings.event_source)
        store = PostgresSink(pool, announcer, settings.outage_pause)
        story = Sink(store, Deaths(QUEUES, settings.message_bytes, log), now, log)
        housekeeping = Housekeeping(
            PostgresHousekeeping(pool, announcer),
            settings.housekeeping,
            settings.growth_period,
            settings.keep_resolved,
            settings.keep_archived,
            settings.keep_inbox,
            now,
            log,
        )
        lane = await opened(connection, limits, gate)
        async with asyncio.TaskGroup() as group:
            group.create_task(_when(stop, lane.stop, gate.open))
            group.create_task(story.run(lane))
            group.create_task(housekeeping.run(stop))
            await lane.consume([DLQ], 2 * settings.batch_size)
            log.info("gereed", queues=[DLQ])


QUEUES = Queues(
    known=frozenset(each["name"] for each in definitions()["queues"]),
    contacts=frozenset(REGISTRATIE_QUEUES),
    facts=ZAKEN,
    retries=HERVAT,
    mails=NOTIFICATIE_EMAIL,
)
