"""What every role opens: the database, the broker, and the limits of what it has in hand."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from worker import metrics
from worker.concurrency import Tasks
from worker.errors import Outage, UsageError
from worker.postgres.failures import NO_WRITES
from worker.postgres.pool import connected as postgres
from worker.postgres.pool import takes_writes
from worker.postgres.presence import opened
from worker.postgres.schema import pending
from worker.postgres.tls import database_url, open_to_others
from worker.rabbitmq.connection import connected as rabbitmq
from worker.rabbitmq.consuming import Limits
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.tls import address
from worker.smtp.address import address as smtp_address
from worker.smtp.server import MailServer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from worker.logs import Log
    from worker.postgres.pool import Pool
    from worker.postgres.presence import PostgresPresence
    from worker.rabbitmq.connection import Connection
    from worker.rabbitmq.consuming import Consumer
    from worker.settings import Settings
    from worker.standing import Standing

# Of the memory budget: what the bodies of deliveries in hand may take, and one batch. The rest
# is the program itself and what is made of a batch while it is decided and written.
_SHARE_IN_HAND = 8
_SHARE_BATCH = 64


def gate_for(settings: Settings) -> Gate:
    """The way in of a connection, as wide as the memory budget allows."""
    return Gate(settings.memory_budget // _SHARE_IN_HAND)


def batches(settings: Settings) -> Limits:
    """How much is taken at once."""
    return Limits(
        settings.batch_size,
        settings.memory_budget // _SHARE_BATCH,
        settings.batch_linger.total_seconds(),
    )


@asynccontextmanager
async def database(
    settings: Settings, role: str, size: int, *, by_index: bool = False
) -> AsyncIterator[Pool]:
    """A pool of a role on a database whose schema is as new as the program."""
    with _renewed():
        url = database_url(settings)
    deadline = settings.postgres_deadline
    async with postgres(
        url, size=size, by_index=by_index, compared=True, deadline=deadline
    ) as pool:
        if await pending(pool):
            msg = "the database's schema is older than this program; run `klantcontact migrate`"
            raise Outage(msg)
        if not await takes_writes(pool):
            raise Outage(NO_WRITES)
        with _counted(pool, role):
            yield pool


@asynccontextmanager
async def presence(settings: Settings) -> AsyncIterator[PostgresPresence]:
    """Where the process says that it is there; raises Outage."""
    with _renewed():
        url = database_url(settings)
    async with opened(url) as store:
        yield store


@contextmanager
def _counted(pool: Pool, role: str) -> Iterator[None]:
    """How many connections there are, whenever somebody asks."""
    idle = metrics.POOL_CONNECTIONS.labels(role, "idle")
    used = metrics.POOL_CONNECTIONS.labels(role, "used")
    metrics.POOL_LIMIT.labels(role).set(pool.get_max_size())
    idle.set_function(pool.get_idle_size)
    used.set_function(lambda: pool.get_size() - pool.get_idle_size())
    try:
        yield
    finally:
        for each in (idle, used):
            each.set_function(lambda: 0)


@asynccontextmanager
async def broker(
    settings: Settings, name: str, gate: Gate | None = None
) -> AsyncIterator[Connection]:
    """A connection that the broker shows under `name`."""
    with _renewed():
        at = address(settings)
    silence = settings.amqp_silence.total_seconds()
    async with rabbitmq(at, f"klantcontact {name}", gate=gate, silence=silence) as connection:
        yield connection


def mail_server(settings: Settings, log: Log) -> MailServer:
    """The mail server; nothing is connected yet."""
    with _renewed():
        return MailServer(smtp_address(settings), log)


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


def sending(settings: Settings, log: Log) -> None:
    """The same for the mail server, which the mailer alone connects to."""
    if smtp_address(settings).open_to_others:
        log.warning("onversleuteld", dienst="smtp", instelling="KLANTCONTACT_SMTP_TLS")


async def consume(
    lanes: Sequence[tuple[Consumer, Sequence[str]]],
    settings: Settings,
    standing: Standing,
    host: str,
) -> None:
    """Have each lane consume its queues of this host, while its deliveries are taken already."""
    for lane, queues in lanes:
        await lane.consume(queues, 2 * settings.batch_size)
    standing.ready(list(dict.fromkeys(each for _, queues in lanes for each in queues)), host)


def patience(settings: Settings) -> float:
    """How long, in seconds, a delivery may wait for its turn, and then be in hand.

    Either may last a quarter longer: together no longer than the setting has it.
    """
    return settings.unacknowledged.total_seconds() * 0.4


@asynccontextmanager
async def working(
    stop: asyncio.Event, standing: Standing, *acts: Callable[[], None]
) -> AsyncIterator[Tasks]:
    """The tasks of a role, which shows signs of life while they last; `acts` end them."""
    async with Tasks() as tasks:
        tasks.accompany("signs of life", standing.live())
        tasks.start("stop", _when(stop, *acts), until=stop)
        yield tasks


async def _when(stop: asyncio.Event, *acts: Callable[[], None]) -> None:
    """Do all of `acts` once `stop` is set."""
    await stop.wait()
    for act in acts:
        act()
