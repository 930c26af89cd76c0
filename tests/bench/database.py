"""The bench's side of the database: a fresh one for each row, copied from a prepared one."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from worker.postgres.waiting import OUTBOX_CHANNEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_QUIET: Final = 0.3


class WrongResult(Exception):
    """A row was quick, and what it left behind isn't what it was to do."""


def named(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """One connection that sees the program's schema."""
    opened = await asyncpg.connect(url, server_settings={"search_path": "klantcontact"})
    try:
        yield opened
    finally:
        await opened.close()


async def copy(maintenance: str, template: str, name: str) -> str:
    """Make the database `name` anew, as `template` is, and return its URL."""
    async with connection(maintenance) as server:
        await server.execute(f"drop database if exists {name} with (force)")
        await server.execute(f"create database {name} template {template}")
    url = named(maintenance, name)
    async with connection(url) as fresh:
        await fresh.execute("analyze")
        await fresh.execute("checkpoint")
    return url


async def counts(url: str, *tables: str) -> dict[str, int]:
    """How many rows these tables have."""
    async with connection(url) as opened:
        return {
            table: await opened.fetchval(f"select count(*) from {table}")  # noqa: S608 (our names)
            for table in tables
        }


async def expect(url: str, **wanted: int) -> None:
    """Raise WrongResult where a table hasn't as many rows as wanted."""
    found = await counts(url, *wanted)
    if found != wanted:
        raise WrongResult(f"rows in the tables: expected {wanted}, found {found}")


async def until(url: str, question: str, seconds: float, every: float = 0.05) -> float:
    """The moment at which `question` (a select of one boolean) became true."""
    deadline = time.time() + seconds
    async with connection(url) as opened:
        while not await opened.fetchval(question):
            if time.time() > deadline:
                raise WrongResult(f"not after {seconds:.0f} s: {question}")
            await asyncio.sleep(every)
    return time.time()


class Commits:
    """Hears the intake's commits: each notifies the relay. Costs the database next to nothing."""

    def __init__(self, opened: asyncpg.Connection[Any]) -> None:
        self._connection = opened
        self._latest = 0.0

    def hear(self, *_: object) -> None:
        """One more transaction was committed."""
        self._latest = time.time()

    async def last(self, rows: int, seconds: float) -> float:
        """The moment of the commit that made it `rows` klantcontacten."""
        deadline = time.time() + seconds
        count = 0
        while time.time() < deadline:
            await asyncio.sleep(_QUIET / 3)
            if not self._latest or time.time() - self._latest < _QUIET:
                continue
            count = await self._connection.fetchval("select count(*) from klantcontact")
            if count >= rows:
                return self._latest
        raise WrongResult(f"{count} of {rows} klantcontacten after {seconds:.0f} s")


@asynccontextmanager
async def commits(url: str) -> AsyncIterator[Commits]:
    """Listen from here on."""
    async with connection(url) as opened:
        heard = Commits(opened)
        await opened.add_listener(OUTBOX_CHANNEL, heard.hear)
        yield heard
