"""What the roles that consume need for queues at whose deliveries the broker fails."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from worker.clock import database_now
from worker.deaths import Deaths, Queues
from worker.outcomes import Announcer
from worker.postgres.blocked_queues import PostgresBlockedQueues
from worker.postgres.sinking import PostgresSink
from worker.rabbitmq.connection import delivering
from worker.rabbitmq.isolated import IsolatedQueues
from worker.rabbitmq.tls import address
from worker.rabbitmq.topology import (
    HERVAT,
    NOTIFICATIE_EMAIL,
    REGISTRATIE_QUEUES,
    ZAKEN,
    definitions,
)
from worker.roles.opening import broker, gate_for, patience
from worker.sink import Sink
from worker.undeliverable import Means

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Sequence

    from worker.postgres.pool import Pool
    from worker.rabbitmq.connection import Connection
    from worker.settings import Settings
    from worker.standing import Standing
    from worker.suspects import Suspects
    from worker.undeliverable import Isolation


@dataclass(frozen=True, slots=True)
class Guards:
    """What is known of messages that do harm; it outlives the outages of a role."""

    suspects: Suspects
    isolation: Isolation


QUEUES: Final = Queues(
    known=frozenset(each["name"] for each in definitions()["queues"]),
    contacts=frozenset(REGISTRATIE_QUEUES),
    facts=ZAKEN,
    retries=HERVAT,
    mails=NOTIFICATIE_EMAIL,
)


@contextmanager
def together(isolation: Isolation, connection: Connection, queues: Sequence[str]) -> Iterator[None]:
    """While these are consumed on one connection: a delivery that ends it makes all suspect."""
    with isolation.noticing(queues), delivering(connection):
        yield


def keeper(settings: Settings, standing: Standing, pool: Pool) -> Sink:
    """Where dead letters go that come from the broker."""
    store = PostgresSink(pool, Announcer(settings.event_source), settings.outage_pause)
    return Sink(
        store, Deaths(QUEUES, settings.message_bytes, standing.log), database_now, standing.log
    )


def means(
    settings: Settings, stop: asyncio.Event, standing: Standing, isolation: Isolation, pool: Pool
) -> Means:
    """What putting away needs."""
    most = gate_for(settings).limit
    queues = IsolatedQueues(
        lambda: broker(settings, f"{standing.role} apart", gate_for(settings)),
        lambda: address(settings),
        stop,
        patience(settings),
        most,
    )
    blocked = PostgresBlockedQueues(pool, isolation.process)
    return Means(queues, blocked, keeper(settings, standing, pool), most)
