"""What ends a consumer: a queue or a broker that is not there, or goes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.proxy import passing
from tests.waiting import DEADLINE
from worker.errors import Outage
from worker.rabbitmq.connection import channel, connected
from worker.rabbitmq.consuming import Consumer, Limits, consuming
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.publishing import publishing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.broker import Broker

QUEUE = "klantcontact.registratie.callcenter"
MEBIBYTE = 1024 * 1024


async def test_a_queue_that_is_missing_is_an_outage_that_names_it(broker: Broker) -> None:
    with pytest.raises(Outage, match=r"klantcontact\.niets"):
        async with _consuming_as(broker, "admin", "klantcontact.niets"):
            pass


@asynccontextmanager
async def _consuming_as(broker: Broker, user: str, queue: str) -> AsyncIterator[Consumer]:
    gate = Gate(MEBIBYTE)
    async with (
        connected(broker.url(user), "test", gate=gate) as connection,
        consuming(connection, [queue], Limits(1, 1), gate, prefetch=1) as consumer,
    ):
        yield consumer


async def test_a_queue_that_may_not_be_read_is_an_outage_that_names_the_user(
    broker: Broker,
) -> None:
    with pytest.raises(Outage, match="permissions"):
        async with _consuming_as(broker, "callcenter", QUEUE):
            pass


async def test_a_queue_that_is_deleted_ends_the_consumer_in_an_outage(broker: Broker) -> None:
    admin = await broker.channel("admin")
    queue = await admin.declare_queue("klantcontact.test", durable=True)

    async def consume_and_lose() -> None:
        async with _consuming_as(broker, "admin", "klantcontact.test") as consumer:
            await queue.delete(if_unused=False, if_empty=False)
            async with asyncio.timeout(DEADLINE):
                await consumer.batch()

    with pytest.raises(Outage, match="cancelled a consumer"):
        await consume_and_lose()


async def test_a_connection_that_breaks_ends_the_consumer_in_an_outage(broker: Broker) -> None:
    gate = Gate(MEBIBYTE)

    async def consume_and_lose() -> None:
        async with (
            connected(broker.state.amqp, "test", gate=gate) as connection,
            consuming(connection, [QUEUE], Limits(1, 1), gate, prefetch=1) as consumer,
        ):
            await connection.close()
            async with asyncio.timeout(DEADLINE):
                await consumer.batch()

    with pytest.raises(Outage, match="closed the connection"):
        await consume_and_lose()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("amqp://worker:x@127.0.0.1:1/", "does not answer"),
        (None, "refuses the user or its password"),
    ],
    ids=["no broker", "wrong password"],
)
async def test_a_broker_that_lets_nobody_in_is_an_outage_without_the_password(
    broker: Broker, url: str | None, says: str
) -> None:
    at = broker.state.amqp.rpartition("@")[2]
    with pytest.raises(Outage, match=says) as caught:
        async with connected(url or f"amqp://worker:verkeerd@{at}", "test"):
            pass
    assert "verkeerd" not in str(caught.value)


async def test_a_channel_on_a_connection_that_we_ended_is_an_outage(broker: Broker) -> None:
    async with connected(broker.url("admin"), "test") as connection:
        await connection.close()
        with pytest.raises(Outage, match="closed the connection"):
            await channel(connection, confirms=False)


async def test_a_channel_on_a_connection_that_was_cut_is_an_outage(broker: Broker) -> None:
    async with (
        passing(broker.url("admin")) as proxy,
        connected(proxy.url, "test") as connection,
        publishing(connection) as publisher,
    ):
        await proxy.cut()
        with pytest.raises(Outage):
            await publisher.gone()
        with pytest.raises(Outage, match="closed the connection"):
            await channel(connection, confirms=False)
