"""RabbitMQ blocks publishers, loses queues and closes connections, and is well afterwards."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import aio_pika
import pytest
from aiormq.exceptions import ChannelNotFoundEntity

from tests.faults.catalogue import CATALOGUE
from tests.faults.catalogue.services import rabbitmqctl
from tests.waiting import DEADLINE, until
from worker.rabbitmq.topology import BOUNCE, HERVAT, NOTIFICATIE_EMAIL, definitions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aio_pika.abc import AbstractChannel

    from tests.faults.world import World

_EXCHANGES = {HERVAT: (HERVAT, "hervat"), NOTIFICATIE_EMAIL: ("klantcontact.notificatie", "email")}


@asynccontextmanager
async def _channel(world: World) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(world.state.amqp_admin) as opened:
        yield await opened.channel(on_return_raises=True)


async def _publish(channel: AbstractChannel, queue: str = BOUNCE) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"hallo"), queue)


@pytest.mark.parametrize("what", ["memory", "disk"])
async def test_an_alarm_holds_back_a_publisher_until_it_ends(world: World, what: str) -> None:
    async with _channel(world) as channel:
        await _publish(channel)
        async with CATALOGUE[f"rabbitmq-{what}-alarm"](world):
            publishing = asyncio.create_task(_publish(channel))
            # A consumer is served meanwhile, by a connection of its own.
            async with _channel(world) as other:
                queue = await other.get_queue(BOUNCE, ensure=False)
                assert (await queue.get(no_ack=True, timeout=DEADLINE)).body == b"hallo"
                assert await queue.get(no_ack=True, fail=False) is None
            assert not publishing.done()
        await asyncio.wait_for(publishing, DEADLINE)
        await (await channel.get_queue(BOUNCE, ensure=False)).purge()


@pytest.mark.parametrize("what", ["memory", "disk"])
async def test_an_alarm_leaves_the_limit_as_it_was(world: World, what: str) -> None:
    ask = (
        "{vm_memory_monitor:get_vm_memory_high_watermark(),"
        " rabbit_disk_monitor:get_disk_free_limit()}."
    )
    before = await rabbitmqctl(world, "eval", ask)
    with suppress(ZeroDivisionError):
        async with CATALOGUE[f"rabbitmq-{what}-alarm"](world):
            assert await rabbitmqctl(world, "eval", ask) != before
            raise ZeroDivisionError
    assert await rabbitmqctl(world, "eval", ask) == before


@pytest.mark.parametrize(
    ("name", "queue"), [("hervat-deleted", HERVAT), ("notificatie-deleted", NOTIFICATIE_EMAIL)]
)
async def test_a_deleted_queue_cancels_its_consumers_and_comes_back_empty_and_bound(
    world: World, name: str, queue: str
) -> None:
    cancelled = asyncio.Event()
    async with _channel(world) as channel, _channel(world) as consuming:
        await _publish(channel, queue)
        underlay = await consuming.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: cancelled.set())
        await underlay.basic_qos(prefetch_count=1)
        await underlay.basic_consume(queue, _never)
        async with CATALOGUE[name](world):
            await asyncio.wait_for(cancelled.wait(), DEADLINE)
            async with _channel(world) as asking:
                with pytest.raises(ChannelNotFoundEntity):
                    await asking.declare_queue(queue, passive=True)
        exchange = await channel.get_exchange(_EXCHANGES[queue][0], ensure=False)
        found = await channel.get_queue(queue, ensure=False)
        assert await found.get(no_ack=True, fail=False) is None
        await exchange.publish(aio_pika.Message(b"nieuw"), _EXCHANGES[queue][1])
        assert (await found.get(no_ack=True, timeout=DEADLINE)).body == b"nieuw"
        # As the definitions say, or this is refused.
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})


async def _never(_: object) -> None:
    """Nothing is settled."""


async def test_consumers_are_cancelled_and_the_queue_is_there_again(world: World) -> None:
    cancelled: asyncio.Queue[str] = asyncio.Queue()
    async with _channel(world) as consuming:
        underlay = await consuming.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: cancelled.put_nowait("x"))
        for queue in _EXCHANGES:
            await underlay.basic_consume(queue, _never)
        async with CATALOGUE["consumers-cancelled"](world), _channel(world) as channel:
            assert await asyncio.wait_for(cancelled.get(), DEADLINE)
            for queue in _EXCHANGES:
                await channel.declare_queue(queue, passive=True)
        assert cancelled.empty()


async def test_a_replaced_queue_is_empty_and_bound_at_once(world: World) -> None:
    async with _channel(world) as channel:
        for queue in _EXCHANGES:
            await _publish(channel, queue)
        async with CATALOGUE["queue-replaced"](world):
            counts = []
            for queue, (name, key) in _EXCHANGES.items():
                exchange = await channel.get_exchange(name, ensure=False)
                await exchange.publish(aio_pika.Message(b"nieuw"), key)
                found = await channel.get_queue(queue, ensure=False)
                counts.append((await found.purge()).message_count or 0)
            assert sorted(counts) == [1, 2]


async def test_a_queue_that_crashes_is_another_process_with_the_same_messages(
    world: World,
) -> None:
    names = [queue["name"] for queue in definitions()["queues"]]
    registered = ",".join(f"'%2F_{name}'" for name in names)
    ask = f"[whereis(N) || N <- [{registered}]]."
    async with _channel(world) as channel:
        for name in names:
            await _publish(channel, name)

        async def processes() -> list[str]:
            found = await rabbitmqctl(world, "eval", ask)
            return [] if "undefined" in found else found.strip("[]").replace("\n", "").split(",")

        before = await processes()
        async with CATALOGUE["queue-crashed"](world):
            after = await until(processes, "every queue has a process")
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
        for name in names:
            queue = await channel.get_queue(name, ensure=False)
            assert (await queue.get(no_ack=True, timeout=DEADLINE)).body == b"hallo"


async def test_an_administrator_closes_every_connection(world: World) -> None:
    users = [world.state.users["callcenter"], world.state.amqp]
    opened = [await aio_pika.connect(user) for user in users]
    closed = [asyncio.Event() for _ in opened]
    for each, event in zip(opened, closed, strict=True):
        each.close_callbacks.add(lambda *_, event=event: event.set())
    async with CATALOGUE["connections-closed"](world):
        for event in closed:
            await asyncio.wait_for(event.wait(), DEADLINE)
    async with await aio_pika.connect(world.state.amqp):
        pass
