"""Whole services that go away and come back."""

from __future__ import annotations

import signal
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.persistence import persistently
from tests.faults.catalogue.services import ended, process, start_postgres, start_rabbitmq

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.world import World

BROKER: Final = frozenset({"rabbitmq"})
DATABASE: Final = frozenset({"postgres"})


@asynccontextmanager
async def rabbitmq_away(world: World, *, by: signal.Signals) -> AsyncIterator[None]:
    """The node gets this signal, and is started again."""
    process(world, "epmd")
    try:
        await ended(world, "rabbitmq", by)
        yield
    finally:
        await persistently(lambda: start_rabbitmq(world))


@asynccontextmanager
async def postgres_away(world: World, *, by: signal.Signals) -> AsyncIterator[None]:
    """The server gets this signal, and is started again."""
    try:
        await ended(world, "postgres", by)
        yield
    finally:
        await persistently(lambda: start_postgres(world))


@asynccontextmanager
async def both_away(world: World) -> AsyncIterator[None]:
    """No service is left, and they come back one after the other, in any order."""
    both = [
        rabbitmq_away(world, by=signal.SIGKILL),
        postgres_away(world, by=signal.SIGQUIT),
    ]
    world.chance.shuffle(both)
    async with both[0], both[1]:
        yield


FAULTS: Final = (
    Named("rabbitmq-killed", partial(rabbitmq_away, by=signal.SIGKILL), BROKER),
    Named("rabbitmq-stopped", partial(rabbitmq_away, by=signal.SIGTERM), BROKER),
    # PostgreSQL's "immediate": no checkpoint, and recovery from the log at the next start.
    Named(
        "postgres-killed",
        partial(postgres_away, by=signal.SIGQUIT),
        DATABASE,
        repeats_mails=True,
    ),
    Named(
        "postgres-restarted",
        partial(postgres_away, by=signal.SIGINT),
        DATABASE,
        repeats_mails=True,
    ),
    Named("both-killed", both_away, BROKER | DATABASE, repeats_mails=True),
)
