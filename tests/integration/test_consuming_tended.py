"""What a consumer does of its own accord, so that nothing waits in it and it waits for nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.amqp_proxy import Fault, How, passing_frames
from tests.proxy import passing
from tests.waiting import DEADLINE, until
from worker.errors import Outage
from worker.rabbitmq.connection import answered, connected
from worker.rabbitmq.consuming import Consumer, Limits, consuming, opened
from worker.rabbitmq.deliveries import Deliveries
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.publishing import publishing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.broker import Broker
    from worker.envelope import Delivery

QUEUE = "klantcontact.registratie.callcenter"
LIMITS = Limits(10, 1024 * 1024)
SOON = 0.2
LONG = 3600
# The library itself notices a silence after three times as long.
_SILENCE = 6
_BEFORE_THE_LIBRARY = 17


@asynccontextmanager
async def _tended(
    broker: Broker, longest: float, idle: float = LONG
) -> AsyncIterator[tuple[Consumer, Gate]]:
    """A consumer that is tended until the end of the block; raises what tending raises."""
    gate = Gate()
    async with connected(broker.state.amqp, "test", gate=gate) as connection:
        consumer = await opened(connection, LIMITS, gate)
        await consumer.consume([QUEUE], 10)
        async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
            group.create_task(consumer.tend(longest, idle))
            yield consumer, gate
            consumer.stop()


async def test_a_consumer_that_the_broker_has_lost_is_asked_for_again(broker: Broker) -> None:
    async with _tended(broker, LONG, idle=SOON) as (consumer, _):
        await consumer.channel.basic_cancel(f"{QUEUE}#1", nowait=True)
        await broker.publish(b"x", message_id="een")
        (delivery,) = await consumer.batch()
    assert delivery.message_id == "een"


class Nobody:
    """Who gets what is lost on its way."""

    def deliver(self, tag: int, delivery: Delivery) -> None:
        pass


async def test_what_the_broker_believes_to_have_delivered_comes_again(broker: Broker) -> None:
    # So late that the message comes before the renewal, on a slow machine too.
    async with _tended(broker, LONG, idle=5) as (consumer, gate):
        gate.takers[consumer.channel.number] = Deliveries(Nobody())
        await broker.publish(b"x", message_id="een")
        (delivery,) = await consumer.batch()
    assert (delivery.message_id, delivery.redelivered) == ("een", True)


async def test_what_nobody_takes_goes_back_to_others_and_comes_again_when_somebody_does(
    broker: Broker,
) -> None:
    async with _tended(broker, SOON) as (consumer, _):
        for number in range(3):
            await broker.publish(b"x", message_id=str(number))

        async def back() -> bool:
            return await broker.depth(QUEUE) == 3

        await until(back, "they are back in the queue")
        assert not consumer.waiting
        again = await consumer.batch()
        assert again[0].redelivered
        await consumer.settle()


async def test_what_is_in_hand_stays_there_when_what_waits_goes_back(broker: Broker) -> None:
    async with _tended(broker, 5) as (consumer, _):
        await broker.publish(b"x", message_id="een")
        (first,) = await consumer.batch()
        await broker.publish(b"x", message_id="twee")
        await consumer.settle()

        async def back() -> bool:
            return await broker.depth(QUEUE) == 1

        await until(back, "what waited is back in the queue")
        (second,) = await consumer.batch()
        await consumer.settle()
    assert (first.message_id, second.message_id) == ("een", "twee")


async def test_who_has_deliveries_in_hand_for_too_long_loses_them(broker: Broker) -> None:
    async def keep() -> None:
        async with _tended(broker, SOON) as (consumer, _):
            await broker.publish(b"x")
            await consumer.batch()
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as raised:
        await keep()
    assert raised.group_contains(Outage, match="in hand")
    async with _tended(broker, LONG) as (consumer, _):
        assert (await consumer.batch())[0].redelivered


async def test_a_consumer_that_is_stopped_is_tended_no_more_at_once(broker: Broker) -> None:
    async with _tended(broker, LONG):
        pass


async def test_a_broker_that_falls_silent_is_gone_for_who_consumes(broker: Broker) -> None:
    async with passing(broker.state.amqp) as proxy:

        async def consume() -> None:
            gate = Gate()
            async with (
                connected(proxy.url, "test", gate=gate, silence=_SILENCE) as connection,
                consuming(connection, [QUEUE], LIMITS, gate, prefetch=1) as consumer,
            ):
                proxy.stall()
                await consumer.batch()

        with pytest.raises(Outage, match="closed"):
            await asyncio.wait_for(consume(), _BEFORE_THE_LIBRARY)


async def test_a_broker_that_falls_silent_is_gone_for_who_has_nothing_to_publish(
    broker: Broker,
) -> None:
    async with passing(broker.state.amqp) as proxy:

        async def wait() -> None:
            async with (
                connected(proxy.url, "test", silence=_SILENCE) as connection,
                publishing(connection) as publisher,
            ):
                proxy.stall()
                await publisher.gone()

        with pytest.raises(Outage, match="closed"):
            await asyncio.wait_for(wait(), _BEFORE_THE_LIBRARY)


async def test_a_broker_that_has_nothing_to_say_is_there_all_the_same(broker: Broker) -> None:
    gate = Gate()
    async with (
        connected(broker.state.amqp, "test", gate=gate, silence=_SILENCE) as connection,
        consuming(connection, [QUEUE], LIMITS, gate, prefetch=1) as consumer,
    ):
        # Twice as long as a silence may last.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consumer.batch(), 2 * _SILENCE)
        await broker.publish(b"x", message_id="een")
        assert (await consumer.batch())[0].message_id == "een"


async def test_a_consumer_that_is_still_being_asked_for_is_not_renewed(broker: Broker) -> None:
    async with passing_frames(broker.state.amqp) as proxy:
        gate = Gate()
        async with connected(proxy.url, "test", gate=gate) as connection:
            consumer = await opened(connection, LIMITS, gate)
            channel = consumer.channel
            met = proxy.arm(Fault("basic.consume-ok", How.SWALLOWED))
            tending = asyncio.create_task(consumer.tend(LONG, SOON))
            with pytest.raises(Outage, match="does not answer"):
                await consumer.consume([QUEUE], 10)
            assert met.done()
            assert consumer.channel is channel
            consumer.stop()
            await tending


async def test_a_channel_that_closes_under_a_request_is_an_outage_and_no_cancellation(
    broker: Broker,
) -> None:
    async with passing_frames(broker.state.amqp) as proxy:
        gate = Gate()
        async with connected(proxy.url, "test", gate=gate) as connection:
            consumer = await opened(connection, LIMITS, gate)
            met = proxy.arm(Fault("basic.consume-ok", How.SWALLOWED))
            consuming_ = asyncio.create_task(consumer.consume([QUEUE], 10))
            await met
            with suppress(Outage):
                async with answered(gate):
                    await consumer.channel.close()
            with pytest.raises(Outage):
                await consuming_
