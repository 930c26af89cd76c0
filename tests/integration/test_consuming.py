from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.waiting import DEADLINE, until
from worker.rabbitmq.connection import connected
from worker.rabbitmq.consuming import Consumer, Limits, consuming
from worker.rabbitmq.gate import Gate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.broker import Broker

QUEUE = "klantcontact.registratie.callcenter"
MEBIBYTE = 1024 * 1024
_LIMITS = Limits(10, MEBIBYTE)


@asynccontextmanager
async def _consuming(
    broker: Broker,
    limits: Limits = _LIMITS,
    gate: Gate | None = None,
    prefetch: int = 50,
) -> AsyncIterator[Consumer]:
    gate = gate or Gate(MEBIBYTE)
    async with (
        connected(broker.state.amqp, "test", gate=gate) as connection,
        consuming(connection, [QUEUE], limits, gate, prefetch=prefetch) as consumer,
    ):
        yield consumer


async def _publish(broker: Broker, count: int, size: int = 1) -> None:
    await asyncio.gather(
        *(broker.publish(b"x" * size, message_id=str(number)) for number in range(count))
    )


async def _taken(consumer: Consumer, count: int) -> list[str | None]:
    ids: list[str | None] = []
    async with asyncio.timeout(DEADLINE):
        while len(ids) < count:
            ids += [delivery.message_id for delivery in await consumer.batch()]
    return ids


async def test_a_delivery_holds_what_was_published(broker: Broker) -> None:
    await broker.publish(
        b"\x00\xff",
        message_id="een",
        headers={"zaak": "Z", "n": 1, "authorization": None},
        reply_to="antwoord.callcenter.1",
        correlation_id="c",
        timestamp=datetime(2026, 11, 23, tzinfo=UTC),
        content_encoding="utf-8",
    )
    async with _consuming(broker) as consumer:
        (delivery,) = await consumer.batch()
    assert (delivery.body, delivery.queue, delivery.user_id) == (b"\x00\xff", QUEUE, "callcenter")
    assert (delivery.message_id, delivery.content_type) == ("een", "application/json")
    assert (delivery.reply_to, delivery.correlation_id) == ("antwoord.callcenter.1", "c")
    assert delivery.timestamp == datetime(2026, 11, 23, tzinfo=UTC)
    assert (dict(delivery.headers), delivery.redelivered) == ({"zaak": "Z", "n": 1}, False)


async def test_nothing_is_acknowledged_before_it_is_settled(broker: Broker) -> None:
    await _publish(broker, 5)
    async with _consuming(broker) as consumer:
        first = await _taken(consumer, 5)
    async with _consuming(broker) as consumer:
        assert sorted(await _taken(consumer, 5), key=str) == sorted(first, key=str)


async def test_what_comes_again_says_so(broker: Broker) -> None:
    await _publish(broker, 1)
    async with _consuming(broker) as consumer:
        (first,) = await consumer.batch()
    async with _consuming(broker) as consumer:
        (again,) = await consumer.batch()
    assert (first.redelivered, again.redelivered) == (False, True)


async def test_settling_acknowledges_everything_that_was_handed_out(broker: Broker) -> None:
    await _publish(broker, 15)
    # With a prefetch of ten the others come when the broker has the acknowledgement.
    async with _consuming(broker, prefetch=10) as consumer:
        await _taken(consumer, 10)
        await consumer.settle()
        rest = await _taken(consumer, 5)
    async with _consuming(broker) as consumer:
        assert sorted(await _taken(consumer, 5), key=str) == sorted(rest, key=str)


async def test_what_was_settled_before_a_stop_does_not_come_again(broker: Broker) -> None:
    await _publish(broker, 10)
    async with _consuming(broker) as consumer:
        await _taken(consumer, 10)
        await consumer.settle()
    assert await broker.depth(QUEUE) == 0


async def test_settling_nothing_is_nothing(broker: Broker) -> None:
    async with _consuming(broker) as consumer:
        await consumer.settle()


@pytest.mark.parametrize(
    "limits", [Limits(3, MEBIBYTE, linger=1), Limits(100, 250, linger=1)], ids=["count", "bytes"]
)
async def test_a_batch_keeps_to_its_limits(broker: Broker, limits: Limits) -> None:
    await _publish(broker, 12, size=100)
    async with _consuming(broker, limits=limits) as consumer, asyncio.timeout(DEADLINE):
        assert len(await consumer.batch()) <= 3


async def test_a_batch_that_lingers_can_be_broken_off_as_it_becomes_full(broker: Broker) -> None:
    await _publish(broker, 1)
    async with _consuming(broker, limits=Limits(4, MEBIBYTE, linger=60)) as consumer:

        async def came() -> bool:
            return consumer.waiting == 1

        await until(came, "it lingers with one")
        batch = asyncio.create_task(consumer.batch())
        await asyncio.sleep(0)
        consumer.stop()
        batch.cancel()
        await asyncio.wait([batch], timeout=DEADLINE)
        assert batch.cancelled()


async def test_a_batch_that_lingers_is_fuller(broker: Broker) -> None:
    async with _consuming(broker, limits=Limits(4, MEBIBYTE, linger=5.0)) as consumer:
        batch = asyncio.create_task(consumer.batch())
        await _publish(broker, 4)
        async with asyncio.timeout(DEADLINE):
            assert len(await batch) == 4


async def test_a_shut_gate_holds_reading_back_until_bytes_are_settled(broker: Broker) -> None:
    gate = Gate(MEBIBYTE // 2)
    await _publish(broker, 20, size=200_000)
    async with _consuming(broker, limits=Limits(1, 1), gate=gate, prefetch=100) as consumer:
        ids = []
        async with asyncio.timeout(DEADLINE):
            for _ in range(20):
                ids += [delivery.message_id for delivery in await consumer.batch()]
                await consumer.settle()
    assert len(set(ids)) == 20


async def test_a_consumer_that_is_stopped_hands_out_nothing_more(broker: Broker) -> None:
    await _publish(broker, 3)
    async with _consuming(broker) as consumer:
        waiting = asyncio.create_task(consumer.batch())
        consumer.stop()
        async with asyncio.timeout(DEADLINE):
            await waiting
        assert await consumer.batch() == []
    await until(lambda: _depth_is(broker, 3), "everything is back in the queue")


async def _depth_is(broker: Broker, count: int) -> bool:
    return await broker.depth(QUEUE) == count
