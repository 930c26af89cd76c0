"""Each fault of a way is the wire's own, holds for the real service, and ends well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aio_pika
import asyncpg
import pytest

from tests.faults.catalogue import CATALOGUE
from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from tests.faults.world import World

_SILENCE = 0.5


async def _ask(world: World, way: str) -> None:
    """A conversation with the service by way of the wire."""
    match way:
        case "postgres":
            opened = await asyncpg.connect(world.postgres.url(world.database), timeout=DEADLINE)
            await opened.fetchval("select 1")
            await opened.close()
        case "smtp":
            reader, writer = await asyncio.open_connection("127.0.0.1", world.smtp.port)
            try:
                greeting = await reader.readline()
                if not greeting.startswith(b"220"):
                    raise ConnectionResetError
            finally:
                writer.transport.abort()
        case _:
            wire = getattr(world, way)
            async with await aio_pika.connect(wire.url(world.state.amqp), timeout=DEADLINE):
                pass


_BROKEN = (OSError, aio_pika.exceptions.AMQPError, TimeoutError)
_WAYS = ("amqp", "publishing", "postgres", "smtp")


@pytest.mark.parametrize("way", _WAYS)
async def test_nobody_gets_through_a_way_that_is_cut(world: World, way: str) -> None:
    await _ask(world, way)
    async with CATALOGUE[f"{way}-cut"](world):
        with pytest.raises(_BROKEN):
            await _ask(world, way)
        for other in set(_WAYS) - {way}:
            await _ask(world, other)
    await _ask(world, way)


@pytest.mark.parametrize("way", _WAYS)
async def test_whoever_asks_over_a_stalled_way_is_answered_when_it_ends(
    world: World, way: str
) -> None:
    async with CATALOGUE[f"{way}-stalled"](world):
        asking = asyncio.create_task(_ask(world, way))
        done, _ = await asyncio.wait([asking], timeout=_SILENCE)
        assert not done
    async with asyncio.timeout(DEADLINE):
        await asking


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("how", ["half-open", "latency", "trickle"])
async def test_a_new_connection_works_over_a_way_that_is_lost_or_slow(
    world: World, way: str, how: str
) -> None:
    async with CATALOGUE[f"{way}-{how}"](world):
        await _ask(world, way)
    await _ask(world, way)


async def test_a_session_over_a_lost_way_is_never_answered(world: World) -> None:
    opened = await asyncpg.connect(world.postgres.url(world.database))
    async with CATALOGUE["postgres-half-open"](world):
        with pytest.raises(TimeoutError):
            await opened.fetchval("select 1", timeout=_SILENCE)
    opened.terminate()
