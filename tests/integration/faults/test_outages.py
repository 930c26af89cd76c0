"""Processes and services really end, stand still, and come back."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import aio_pika
import asyncpg
import pytest

from tests.bench.database import connection
from tests.faults.catalogue import CATALOGUE
from tests.faults.catalogue.services import process
from tests.faults.world import Unavailable
from tests.waiting import DEADLINE, until
from worker.stack.looking import state_of

if TYPE_CHECKING:
    from tests.faults.world import World
    from tests.sleepers import Sleepers


@pytest.mark.parametrize(
    ("name", "number"),
    [("worker-killed", signal.SIGKILL), ("worker-terminated", signal.SIGTERM)],
)
async def test_one_worker_gets_the_signal_and_the_other_runs_on(
    world: World, name: str, number: int
) -> None:
    workers: Sleepers = world.workers  # type: ignore[assignment] # the fixture gave it
    async with CATALOGUE[name](world):
        assert workers.ended == [-number]


async def test_a_paused_worker_stands_still_and_then_goes_on(world: World) -> None:
    def states() -> list[str]:
        pids = (world.workers.pid(name) for name in world.workers.names)
        stats = (Path(f"/proc/{pid}/stat").read_text(encoding="ascii") for pid in pids)
        return sorted(stat.rpartition(")")[2].split()[0] for stat in stats)

    async def stopped() -> bool:
        return states().count("T") == 1

    async def going() -> bool:
        return "T" not in states()

    async with CATALOGUE["worker-paused"](world):
        await until(stopped, "one stands still")
    await until(going, "it goes on")


async def test_a_fault_of_a_worker_is_unavailable_when_none_runs(world: World) -> None:
    for name in list(world.workers.names):
        await world.workers.kill(name)
    for name in ("worker-killed", "worker-terminated", "worker-paused"):
        with pytest.raises(Unavailable, match="no worker runs"):
            async with CATALOGUE[name](world):
                pass


async def _broker_answers(world: World) -> bool:
    try:
        async with await aio_pika.connect(world.state.amqp, timeout=DEADLINE) as opened:
            channel = await opened.channel()
            await channel.declare_queue("klantcontact.zaken", passive=True)
    except (OSError, aio_pika.exceptions.AMQPError):
        return False
    return True


async def _database_answers(world: World) -> bool:
    try:
        async with connection(world.database) as opened:
            return bool(await opened.fetchval("select true from (select count(*) from zaak) as n"))
    except (OSError, asyncpg.PostgresError):
        return False


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("rabbitmq-killed", (False, True)),
        ("rabbitmq-stopped", (False, True)),
        ("postgres-killed", (True, False)),
        ("postgres-restarted", (True, False)),
        ("both-killed", (False, False)),
    ],
)
async def test_a_service_is_gone_and_comes_back_with_what_it_held(
    world: World, name: str, left: tuple[bool, bool]
) -> None:
    async with await aio_pika.connect(world.state.amqp_admin) as opened:
        channel = await opened.channel()
        message = aio_pika.Message(b"blijft", delivery_mode=2)
        await channel.default_exchange.publish(message, "klantcontact.bounce")
    async with connection(world.database) as session:
        await session.execute("create table blijft (nummer int)")
    async with CATALOGUE[name](world):
        assert (await _broker_answers(world), await _database_answers(world)) == left
    assert (await _broker_answers(world), await _database_answers(world)) == (True, True)
    async with connection(world.database) as session:
        await session.execute("drop table blijft")
    async with await aio_pika.connect(world.state.amqp_admin) as opened:
        channel = await opened.channel()
        queue = await channel.get_queue("klantcontact.bounce", ensure=False)
        found = await queue.get(no_ack=True, timeout=DEADLINE)
        assert found.body == b"blijft"
    # The stack still knows all of it as its own, and will end it.
    assert state_of(world.stack_dir) is not None


@pytest.mark.parametrize("name", ["rabbitmq-killed", "postgres-killed"])
async def test_a_service_comes_back_also_when_the_run_fails(world: World, name: str) -> None:
    before = process(world, name.partition("-")[0]).pid
    with pytest.raises(ZeroDivisionError):
        async with CATALOGUE[name](world):
            raise ZeroDivisionError
    assert process(world, name.partition("-")[0]).pid != before
    assert (await _broker_answers(world), await _database_answers(world)) == (True, True)
