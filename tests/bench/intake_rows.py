"""The rows about taking messages in: all with the same messages in the same queues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tests.bench import broker, database
from tests.bench.site import SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.site import Site

# What a quorum queue still writes of the filling is no part of the emptying.
_SETTLE_SECONDS: Final = 1.0
_START_SECONDS: Final = 30.0


async def filled(site: Site, count: int) -> str:
    """The messages wait in the queues; the database has the register."""
    await site.need_register()
    await site.fill(count)
    url = await site.database()
    await asyncio.sleep(_SETTLE_SECONDS)
    return url


async def seeded(site: Site, _count: int) -> str:
    """The database has the register; the broker rests."""
    await site.need_register()
    return await site.database()


async def raw_consume(site: Site, count: int, _url: str) -> float:
    """All messages are gone from the queues."""
    seconds = await site.peer("raw_consume", count)
    await site.expect_waiting({})
    return seconds


async def postgres(site: Site, count: int, url: str) -> float:
    """The tables hold what the intake makes of the messages."""
    seconds = await site.peer("postgres_alone", count, url)
    await _expect_all(url, count)
    return seconds


def peer(name: str) -> Callable[[Site, int, str], Awaitable[float]]:
    """A peer that writes a contact and an outbox row for each message."""

    async def run(site: Site, count: int, url: str) -> float:
        seconds = await site.peer(name, count, url)
        await database.expect(url, klantcontact=count, outbox=count)
        await site.expect_waiting({})
        return seconds

    return run


async def intake(site: Site, count: int, url: str) -> float:
    """From its first consumer on the queues to its last commit."""
    async with database.commits(url) as commits, site.worker(url, "intake"):
        start = await broker.consumed(site.state.amqp_admin, site.queues, _START_SECONDS)
        end = await commits.last(count, SECONDS)
    await _expect_all(url, count)
    await site.expect_waiting({})
    return end - start


async def _expect_all(url: str, count: int) -> None:
    """Each message brought one contact, one notification, one mail and one outbox row."""
    await database.expect(
        url,
        bericht=count,
        klantcontact=count,
        notificatie=count,
        mail=count,
        outbox=count,
        dead_letter=0,
    )
