"""A subscriber takes events by a queue of its own, as the broker itself enforces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from tests.waiting import until
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aio_pika.abc import AbstractChannel, AbstractQueue

    from tests.broker import Broker

_GOOD, _BAD = (
    f"nl.overheid.klantcontacten.klantcontact-{end}" for end in ("geregistreerd", "afgewezen")
)
_OTHERS = sorted({each["name"] for each in topology.definitions()["exchanges"]})
_OTHERS.remove(topology.GEBEURTENIS)


@pytest.fixture
async def channel(broker: Broker) -> AbstractChannel:
    return await broker.channel(topology.ABONNEE)


@pytest.fixture
async def queue(channel: AbstractChannel) -> AsyncIterator[AbstractQueue]:
    """Of the subscriber's own, as docs/channels.md makes one."""
    made = await channel.declare_queue(
        "gebeurtenis.abonnee.test",
        durable=True,
        arguments={"x-queue-type": "quorum", "x-max-length": 100_000},
    )
    yield made
    await made.delete(if_unused=False, if_empty=False)


async def _told(broker: Broker, kind: str) -> None:
    """As the worker publishes an event."""
    worker = await broker.channel("worker")
    exchange = await worker.get_exchange(topology.GEBEURTENIS, ensure=False)
    await exchange.publish(aio_pika.Message(kind.encode()), kind, mandatory=False)


async def test_a_subscriber_gets_the_events_that_it_asked_for(
    broker: Broker, queue: AbstractQueue
) -> None:
    await queue.bind(topology.GEBEURTENIS, _GOOD)
    for kind in (_BAD, _GOOD):
        await _told(broker, kind)
    found: list[bytes] = []

    async def arrived() -> bool:
        message = await queue.get(no_ack=True, fail=False)
        found.extend([message.body] if message else [])
        return bool(found)

    await until(arrived, "an event")
    assert found == [_GOOD.encode()]
    assert await queue.get(no_ack=True, fail=False) is None


@pytest.mark.parametrize("exchange", _OTHERS)
async def test_a_subscriber_hears_nothing_but_events(
    channel: AbstractChannel, exchange: str
) -> None:
    queue = await channel.declare_queue("gebeurtenis.abonnee.other", exclusive=True)
    with pytest.raises(ChannelAccessRefused):
        await queue.bind(exchange, "#")


async def test_a_subscriber_puts_no_dead_letters_where_it_may_not_write(
    channel: AbstractChannel,
) -> None:
    with pytest.raises(ChannelAccessRefused):
        await channel.declare_queue(
            "gebeurtenis.abonnee.dead",
            exclusive=True,
            arguments={"x-dead-letter-exchange": topology.REGISTRATIE},
        )


async def test_another_subscriber_s_queue_is_not_its_own(
    broker: Broker, channel: AbstractChannel
) -> None:
    admin = await broker.channel("admin")
    other = await admin.declare_queue("gebeurtenis.dossier.1", exclusive=False, auto_delete=True)
    try:
        with pytest.raises(ChannelAccessRefused):
            await (await channel.get_queue(other.name, ensure=False)).get(fail=False)
    finally:
        await other.delete(if_unused=False, if_empty=False)
