"""A second writer that holds rows for long, or takes them in the other order."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.persistence import FAILURES, session
from tests.faults.world import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from tests.faults.world import World

_ROWS: Final = 200
_ROUND_SECONDS: Final = 2.0
_BETWEEN_SECONDS: Final = 0.05
# The program's order is by table (bericht, zaak, dead letter, mail, outbox), and by key in each.
_TABLES: Final = (
    "select id from outbox order by beschikbaar desc limit $1",
    "select id from mail where opnieuw is not null order by id desc limit $1",
    "select identificatie from zaak order by identificatie desc limit $1",
)
_LOCKS: Final = (
    "select from outbox where id = $1 for update",
    "select from mail where id = $1 for update",
    "select from zaak where identificatie = $1 for update",
)


@asynccontextmanager
async def deadlocked(world: World) -> AsyncIterator[None]:
    """Rows are locked one by one against the program's order, and a worker is always the victim."""

    async def lock() -> None:
        while True:
            with suppress(*FAILURES):
                async with session(world) as ours:
                    # Whoever looks first is the one whose transaction is ended.
                    await ours.execute("set deadlock_timeout = '30s'")
                    while True:
                        await _against_the_order(ours)
            await asyncio.sleep(_BETWEEN_SECONDS)

    task = asyncio.create_task(lock())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _against_the_order(ours: asyncpg.Connection[Any]) -> None:
    """One round; what is taken is given back at its end, done or not."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_ROUND_SECONDS), ours.transaction():
            for ask, lock in zip(_TABLES, _LOCKS, strict=True):
                for row in await ours.fetch(ask, _ROWS):
                    await ours.execute(lock, row[0])
            await asyncio.sleep(_BETWEEN_SECONDS)


@asynccontextmanager
async def zaak_held(world: World) -> AsyncIterator[None]:
    """One zaak is locked, as by somebody who left an editor open."""
    async with session(world) as ours:
        numbers = await ours.fetch("select identificatie from zaak order by 1")
        if not numbers:
            raise Unavailable("there is no zaak yet")
        chosen = world.chance.choice(numbers)[0]
        transaction = ours.transaction()
        await transaction.start()
        await ours.execute("select from zaak where identificatie = $1 for update", chosen)
        # The session's end is the transaction's: it is gone with the database too.
        yield


FAULTS: Final = (
    Named("deadlocks", deadlocked, frozenset({"rows"}), repeats_mails=True),
    Named("zaak-locked", zaak_held, frozenset({"rows"})),
)
