"""Putting things right though the service may be away at that moment."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from tests.faults.world import Unavailable
from worker.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.faults.world import World

_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 0.25
FAILURES: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    AMQPError,
    ChannelInvalidStateError,
    Unavailable,
    StackError,
)
"""What a service that is away, or not yet back, raises at its clients."""


async def persistently(act: Callable[[], Awaitable[object]]) -> None:
    """Do it until it is done, for a minute at most."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            await act()
        except FAILURES:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return


@asynccontextmanager
async def session(world: World) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A session of ours with the run's database, which no fault for the workers' touches."""
    opened = await asyncpg.connect(
        world.database,
        timeout=10,
        command_timeout=60,
        server_settings={
            "search_path": "klantcontact",
            "application_name": "faults",
            "statement_timeout": "0",
        },
    )
    try:
        yield opened
    finally:
        opened.terminate()


async def execute(world: World, *statements: str) -> None:
    """Each in a transaction of its own."""
    async with session(world) as opened:
        for each in statements:
            await opened.execute(each)
