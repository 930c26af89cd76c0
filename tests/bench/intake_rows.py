"""The rows about taking messages in: all with the same messages in the same queues."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.bench import broker, database, tokens
from tests.bench.site import SECONDS
from tests.collector import discarding
from worker.authentication import body_digest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from tests.bench.material import Message
    from tests.bench.processes import Program
    from tests.bench.site import Site

# What a quorum queue still writes of the filling is no part of the emptying.
_SETTLE_SECONDS: Final = 1.0
_START_SECONDS: Final = 30.0


async def filled(site: Site, count: int) -> str:
    """The messages wait in the queues; the database has the register."""
    return await _filled(site, count)


async def _filled(site: Site, count: int, how: Callable[[Message], Message] | None = None) -> str:
    await site.need_register()
    await site.fill(count, how)
    url = await site.database()
    await asyncio.sleep(_SETTLE_SECONDS)
    return url


async def without_tokens(site: Site, count: int) -> str:
    """As `filled`, and no message has a token."""
    return await _filled(site, count, lambda message: replace(message, token=None))


async def with_tokens_of_their_own(site: Site, count: int) -> str:
    """As `filled`, and every token is bound to its message: none comes twice."""
    return await _filled(site, count, _bound)


def _bound(message: Message) -> Message:
    medewerker = json.loads(message.body)["opvoerder"]["identificatie"]
    token = tokens.of(message.kanaal, medewerker, body_digest(message.body))
    return replace(message, token=token)


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
    return await _intake(site, count, url, site.worker(url, "intake"))


async def silent(site: Site, count: int, url: str) -> float:
    """The same with nothing to log."""
    return await _intake(site, count, url, site.worker(url, "intake", log_level="error"))


async def traced(site: Site, count: int, url: str) -> float:
    """The same with a trace of each message, sent to a collector that drops it."""
    async with discarding() as collector:
        worker = site.worker(url, "intake", traces_url=collector)
        return await _intake(site, count, url, worker)


async def traced_tenth(site: Site, count: int, url: str) -> float:
    """The same with a trace of one message in ten."""
    async with discarding() as collector:
        worker = site.worker(url, "intake", traces_url=collector, traces_share="0.1")
        return await _intake(site, count, url, worker)


async def trusting(site: Site, count: int, url: str) -> float:
    """The same by the intake without tokens."""
    return await _intake(site, count, url, site.trusting(url))


async def _intake(
    site: Site, count: int, url: str, worker: AbstractAsyncContextManager[Program]
) -> float:
    async with database.commits(url) as commits, worker:
        start = await broker.consumed(site.state.amqp_admin, site.queues, _START_SECONDS)
        end = await commits.last(count, SECONDS)
    await _expect_all(url, count)
    await site.expect_waiting({})
    return end - start


async def _expect_all(url: str, count: int) -> None:
    """Each message brought a contact, a notification, a mail, and a mail and event to go out."""
    await database.expect(
        url,
        bericht=count,
        klantcontact=count,
        notificatie=count,
        mail=count,
        outbox=2 * count,
        dead_letter=0,
    )
