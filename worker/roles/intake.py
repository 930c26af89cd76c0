"""The role `intake`: klantcontacten, facts, and dead letters that come again."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol

from worker.batches import Batches, Measured
from worker.claims import Expected
from worker.clock import database_now
from worker.domain.question import Policy
from worker.intake import Intake
from worker.judging import Judge
from worker.keys.token_keys import Sources, TokenKeys
from worker.outcomes import Announcer
from worker.postgres.attempts import PostgresAttempts
from worker.postgres.register import PostgresRegister
from worker.postgres.registration import Registrations
from worker.postgres.stored import PostgresLetters
from worker.rabbitmq.consuming import opened
from worker.rabbitmq.topology import HERVAT, REGISTRATIE_QUEUES, ZAKEN
from worker.reading import Proofs, Reader
from worker.register import ZakenIntake
from worker.resumption import Resumption
from worker.roles.apart import means, together
from worker.roles.opening import batches, broker, consume, database, gate_for, patience, working
from worker.undeliverable import Way

if TYPE_CHECKING:
    import asyncio

    from worker.envelope import Story
    from worker.logs import Log
    from worker.roles.apart import Guards
    from worker.settings import Settings
    from worker.standing import Standing
    from worker.undeliverable import Work


class KeptProofs(Proofs, Protocol):
    """Proofs whose keys are had from somewhere, and kept up to date."""

    async def open(self) -> None:
        """Have keys; raises Outage while there are none."""

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Look for other keys every so often, until `stop`."""


async def intake(
    settings: Settings,
    stop: asyncio.Event,
    standing: Standing,
    *,
    proofs: KeptProofs,
    guards: Guards,
) -> None:
    """The role of taking messages in; `proofs` outlives it, with its last good keys."""
    log = standing.log
    gate, limits = gate_for(settings), batches(settings)
    counted = Batches(standing.role, log)
    async with AsyncExitStack() as stack:
        await proofs.open()
        pool = await stack.enter_async_context(
            database(settings, standing.role, 2 * settings.intake_lanes + 1)
        )
        connection = await stack.enter_async_context(broker(settings, "intake", gate))

        contacts = Intake(
            Reader(proofs, settings.message_bytes, REGISTRATIE_QUEUES, log, settings.deferrals),
            Registrations(pool, Announcer(settings.event_source), settings.mail_window),
            Judge(_policy(settings), settings.deferrals),
            database_now,
            log,
        )
        facts = ZakenIntake(
            PostgresRegister(pool),
            settings.zaaksysteem,
            settings.clock_skew,
            settings.message_bytes,
            database_now,
            log,
        )
        resumption = Resumption(
            PostgresLetters(pool),
            contacts,
            facts,
            ZAKEN,
            batches(settings).bytes,
            log,
        )
        queues = [*REGISTRATIE_QUEUES, ZAKEN, HERVAT]
        stack.enter_context(together(guards.isolation, connection, queues))
        lanes = [await opened(connection, limits, gate) for _ in range(settings.intake_lanes)]
        facts_lane = await opened(connection, limits, gate)
        resumed_lanes = [
            await opened(connection, limits, gate) for _ in range(settings.intake_lanes)
        ]
        attempts = PostgresAttempts(pool)

        def worked(story: Story) -> Work:
            measured = Measured(story, counted)
            return lambda lane: guards.suspects.run(lane, measured, attempts)

        ways = [
            Way(list(REGISTRATIE_QUEUES), lanes, worked(contacts)),
            Way([ZAKEN], [facts_lane], worked(facts)),
            Way([HERVAT], resumed_lanes, worked(resumption)),
        ]
        isolation = guards.isolation
        putting_away = means(settings, stop, standing, isolation, pool)
        stops = [lane.stop for way in ways for lane in way.consumers]
        async with working(stop, standing, *stops, gate.open) as tasks:
            tasks.start("keys", proofs.keep_fresh(stop), until=stop)
            for way in ways:
                name = ", ".join(way.queues)
                for lane in way.consumers:
                    tasks.start(f"consumer of {name}", lane.tend(patience(settings)), until=stop)
                    tasks.start(name, way.work(lane), until=stop)
            asked = [
                (lane, isolation.together(way.queues)) for way in ways for lane in way.consumers
            ]
            tasks.start("consume", consume(asked, settings, standing, connection.host))
            tasks.start("queues apart", isolation.run(ways, putting_away, stop))


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
