"""One queue on a connection of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.waiting import DEADLINE
from worker.rabbitmq.connection import connected
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.isolated import IsolatedQueues
from worker.undeliverable import Pace

if TYPE_CHECKING:
    from tests.broker import Broker
    from worker.envelope import Lane
    from worker.rabbitmq.tls import Address

QUEUE = "klantcontact.registratie.callcenter"
MEBIBYTE = 1024 * 1024


def _apart(broker: Broker) -> IsolatedQueues:
    def address() -> Address:
        raise AssertionError("nothing is taken by AMQP 1.0")

    return IsolatedQueues(
        lambda: connected(broker.state.amqp, "apart", gate=Gate(MEBIBYTE)),
        address,
        asyncio.Event(),
        DEADLINE,
        MEBIBYTE,
    )


class _Batches:
    """Work that notes how many deliveries each batch had, and has `each` done first."""

    def __init__(self, broker: Broker, *, goes_on: bool = False) -> None:
        self.broker = broker
        self.goes_on = goes_on
        self.sizes: list[int] = []

    async def work(self, lane: Lane) -> None:
        while batch := await lane.batch():
            self.sizes.append(len(batch))
            if self.goes_on:
                # There is always one more: the queue is never idle.
                await self.broker.publish(b"x")
            await lane.settle()


@pytest.mark.parametrize("prefetch", [1, 20])
async def test_a_queue_apart_is_consumed_at_the_pace_that_is_asked_for(
    broker: Broker, prefetch: int
) -> None:
    await asyncio.gather(*(broker.publish(b"x") for _ in range(60)))
    batches = _Batches(broker)
    attempt = await _apart(broker).attempt(QUEUE, batches.work, Pace(prefetch, 0, 60))
    assert (attempt.delivered, attempt.said) == (60, None)
    assert sum(batches.sizes) == 60
    assert max(batches.sizes) <= prefetch
    assert (max(batches.sizes) > 1) is (prefetch > 1)


async def test_a_queue_that_is_never_idle_has_stayed_up_in_the_end(broker: Broker) -> None:
    await broker.publish(b"x")
    batches = _Batches(broker, goes_on=True)
    async with asyncio.timeout(DEADLINE):
        attempt = await _apart(broker).attempt(QUEUE, batches.work, Pace(20, 0, 1_000_000, 1.0))
    assert attempt.said is None
    assert attempt.delivered > 1
