"""An echoing service behind a wire, and a world in which faults can be made."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.bench.database import connection, named
from tests.echo import Echo
from tests.failing_broker import failing
from tests.faults.wires.mail_server import serving
from tests.faults.wires.wire import address, strung
from tests.faults.world import World
from tests.sleepers import Sleepers
from worker.postgres.migrating import migrate
from worker.stack.errors import StackError
from worker.stack.looking import default_root
from worker.stack.running import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.faults.wires.wire import Wire
    from worker.stack.state import StackState


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def wire(echo: Echo) -> AsyncIterator[Wire]:
    """A way to it."""
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    try:
        async with strung("127.0.0.1", server.sockets[0].getsockname()[1]) as opened:
            yield opened
    finally:
        server.close()


@pytest.fixture(scope="session")
def suffering() -> Iterator[tuple[StackState, Path]]:
    """Services of these tests alone, and their folder: other tests need theirs to stay up."""
    root, name = default_root(), f"tests-faults-{os.getpid()}"
    try:
        with running(root, name) as state:
            yield state, root / name
    except StackError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no embedded stack: {error}")
    finally:
        for lock in root.glob(f"{name}*.lock"):
            lock.unlink()


@pytest.fixture
async def world(suffering: tuple[StackState, Path]) -> AsyncIterator[World]:
    """A database with the schema, wires to everything, and no worker; its seed is printed."""
    state, folder = suffering
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 (shown when a test fails)
    name = f"faults_{secrets.token_hex(4)}"
    url = named(state.postgres, name)
    async with connection(state.postgres) as server:
        await server.execute(f"create database {name}")
    await migrate(url)
    async with (
        serving() as mail_server,
        failing(state.amqp) as fails,
        strung(*address(fails.url)) as amqp,
        strung(*address(state.amqp)) as publishing,
        strung(*address(url)) as postgres,
        strung("127.0.0.1", mail_server.port) as smtp,
        Sleepers() as workers,
    ):
        yield World(
            random.Random(seed), state, folder, url,
            fails, amqp, publishing, postgres, smtp, mail_server, workers,
        )  # fmt: skip
    async with connection(state.postgres) as server:
        await server.execute(f"drop database {name} with (force)")
