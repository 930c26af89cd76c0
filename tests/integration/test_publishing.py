from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.waiting import DEADLINE
from worker.errors import Outage
from worker.finishing import Finished
from worker.rabbitmq.checking import missing
from worker.rabbitmq.connection import connected
from worker.rabbitmq.consuming import Limits, consuming
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.mail_jobs import MailJobs
from worker.rabbitmq.offers import Offers
from worker.rabbitmq.publishing import Publication, Publisher, publishing
from worker.rabbitmq.topology import NOTIFICATIE, NOTIFICATIE_EMAIL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Ended


@asynccontextmanager
async def _publishing(broker: Broker, user: str = "worker") -> AsyncIterator[Publisher]:
    async with (
        connected(broker.url(user), "test") as connection,
        publishing(connection) as publisher,
    ):
        yield publisher


def publication(number: int = 1, **changes: Any) -> Publication:  # noqa: ANN401 (of its own type)
    made = Publication(NOTIFICATIE, "email", f"bericht-{number}", b"x", "text/plain")
    return replace(made, **changes)


async def test_all_that_is_published_is_confirmed_and_in_the_queue(broker: Broker) -> None:
    async with _publishing(broker) as publisher:
        confirmed = await publisher.publish([publication(number) for number in range(300)])
    assert confirmed == [True] * 300
    assert await broker.depth(NOTIFICATIE_EMAIL) == 300


async def test_what_no_queue_takes_is_not_confirmed_and_the_rest_is(broker: Broker) -> None:
    jobs = [publication(1), publication(2, routing_key="fax"), publication(3)]
    async with _publishing(broker) as publisher:
        assert await publisher.publish(jobs) == [True, False, True]
    assert await broker.depth(NOTIFICATIE_EMAIL) == 2


async def test_several_that_publish_at_once_each_hear_of_their_own(broker: Broker) -> None:
    async def publish(publisher: Publisher, lot: int) -> list[bool]:
        keys = ["email" if (lot + number) % 3 else "fax" for number in range(100)]
        return await publisher.publish(
            [publication(1000 * lot + number, routing_key=key) for number, key in enumerate(keys)]
        )

    async with _publishing(broker) as publisher:
        confirmed = await asyncio.gather(*(publish(publisher, lot) for lot in range(5)))
    assert confirmed == [[(lot + number) % 3 != 0 for number in range(100)] for lot in range(5)]
    assert await broker.depth(NOTIFICATIE_EMAIL) == sum(map(sum, confirmed))


@pytest.mark.parametrize("size", [0, 1, 131_064, 131_065, 400_000])
async def test_a_body_of_any_size_arrives_whole(broker: Broker, size: int) -> None:
    """The broker's frames hold 131 072 bytes, eight of them their own."""
    body = bytes(number % 251 for number in range(size))
    gate = Gate()
    async with (
        connected(broker.state.amqp, "test", gate=gate) as connection,
        publishing(connection) as publisher,
    ):
        assert await publisher.publish([publication(1, body=body)]) == [True]
        limits = Limits(1, 1)
        async with consuming(connection, [NOTIFICATIE_EMAIL], limits, gate, prefetch=1) as consumer:
            (delivery,) = await consumer.batch()
            await consumer.settle()
    assert delivery.body == body


async def test_publishing_nothing_asks_nothing_of_the_broker(broker: Broker) -> None:
    async with _publishing(broker) as publisher:
        assert await publisher.publish([]) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"exchange": "klantcontact.niets"}, "klantcontact.niets"),
        ({"exchange": "klantcontact.registratie"}, "permissions"),
        ({"user_id": "callcenter"}, "RabbitMQ"),
    ],
    ids=["no exchange", "no rights", "somebody else's name"],
)
async def test_what_the_broker_will_not_have_is_an_outage_that_says_why(
    broker: Broker, change: dict[str, str], says: str
) -> None:
    async def publish() -> None:
        async with _publishing(broker) as publisher, asyncio.timeout(DEADLINE):
            await publisher.publish([publication(1, **change)])

    with pytest.raises(Outage, match=says):
        await publish()


async def test_a_connection_that_is_gone_is_an_outage(broker: Broker) -> None:
    async def publish_too_late() -> None:
        async with (
            connected(broker.state.amqp, "test") as connection,
            publishing(connection) as publisher,
        ):
            await connection.close()
            await publisher.publish([publication()])

    with pytest.raises(Outage, match="does not answer"):
        await publish_too_late()


async def test_a_mail_job_comes_out_as_it_went_in(broker: Broker) -> None:
    offered = Finished(uuid4(), "burger@example.nl", b"Subject: x\r\n\r\n", "sjabloon")
    async with _publishing(broker) as publisher:
        assert await Offers(publisher, "bounces@example.nl").offer([offered]) == [True]
    async with _jobs(broker) as jobs:
        (job,) = await jobs.take(10)
        await jobs.done()
    assert (job.mail, job.content) == (offered.mail, offered.content)
    assert job.sender == f"bounces+{offered.mail.hex}@example.nl"
    assert job.recipient == "burger@example.nl"


@asynccontextmanager
async def _jobs(broker: Broker) -> AsyncIterator[MailJobs]:
    """With a prefetch of one the next job comes when the one before is acknowledged."""
    gate = Gate(1024 * 1024)
    async with (
        connected(broker.state.amqp, "test", gate=gate) as connection,
        consuming(connection, [NOTIFICATIE_EMAIL], Limits(1, 1), gate, prefetch=1) as consumer,
    ):
        yield MailJobs(consumer)


async def test_what_is_no_mail_job_is_passed_over_for_good(broker: Broker) -> None:
    good = Finished(uuid4(), "burger@example.nl", b"x", None)
    async with _publishing(broker) as publisher:
        await publisher.publish([publication(1)])
        await Offers(publisher, "noreply@example.nl").offer([good])
    async with _jobs(broker) as jobs, asyncio.timeout(DEADLINE):
        (job,) = await jobs.take(10)
        assert job.mail == good.mail


async def test_jobs_are_acknowledged_when_they_are_done(broker: Broker) -> None:
    offered = [Finished(uuid4(), "burger@example.nl", b"x", None) for _ in range(3)]
    async with _publishing(broker) as publisher:
        await Offers(publisher, "noreply@example.nl").offer(offered)
    async with _jobs(broker) as jobs, asyncio.timeout(DEADLINE):
        for _ in offered[1:]:
            await jobs.take(10)
            await jobs.done()
        last = await jobs.take(10)
    async with _jobs(broker) as jobs, asyncio.timeout(DEADLINE):
        assert await jobs.take(10) == last
        await jobs.done()
    assert await broker.depth(NOTIFICATIE_EMAIL) == 0


async def test_mailers_that_are_stopped_get_no_more_jobs(broker: Broker) -> None:
    gate = Gate(1024)
    async with (
        connected(broker.state.amqp, "test", gate=gate) as connection,
        consuming(connection, [NOTIFICATIE_EMAIL], Limits(1, 1), gate, prefetch=8) as consumer,
    ):
        consumer.stop()
        assert await MailJobs(consumer).take(10) == []


async def test_a_broker_with_the_definitions_lacks_nothing(broker: Broker) -> None:
    assert await missing(broker.url("admin")) == []


async def test_what_a_broker_lacks_is_named(
    broker: Broker, command: Callable[..., Awaitable[Ended]]
) -> None:
    admin = await broker.channel("admin")
    await admin.queue_delete("klantcontact.bounce")
    await admin.exchange_delete("klantcontact.bounce")
    try:
        lacking = await missing(broker.url("admin"))
        told = await command("topology", "check", amqp_url=broker.url("admin"))
    finally:
        exchange = await admin.declare_exchange("klantcontact.bounce", "topic", durable=True)
        queue = await admin.declare_queue(
            "klantcontact.bounce", durable=True, arguments={"x-queue-type": "quorum"}
        )
        await queue.bind(exchange, "bounce")
    assert lacking == ["exchange klantcontact.bounce", "queue klantcontact.bounce"]
    assert told.code == 1
    assert "Missing: exchange klantcontact.bounce, queue klantcontact.bounce" in told.out
    assert "klantcontact topology apply" in told.out


async def test_where_the_worker_may_not_ask_what_there_is_it_is_said_who_may(
    broker: Broker, command: Callable[..., Awaitable[Ended]]
) -> None:
    told = await command("topology", "check")
    if await broker.version() < (4, 2, 6):
        assert told.code == 0
    else:
        assert told.code == 1
        assert "doesn't tell this user whether exchange klantcontact.registratie is" in told.err
        assert "put an administrator's URL in KLANTCONTACT_AMQP_URL" in told.err
        assert "Traceback" not in told.err
