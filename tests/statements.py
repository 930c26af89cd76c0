"""The statements that the program runs, written down."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg.connection import LoggedQuery

    from worker.postgres.pool import Pool

# What the driver asks for itself when it meets a type for the first time.
_ITS_OWN = ("typeinfo_tree", "'jit'")


class Statements:
    """A pool of one connection, and what it ran: each statement with its arguments."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.ran: list[tuple[str, tuple[Any, ...]]] = []

    def note(self, logged: LoggedQuery) -> None:
        query = " ".join(logged.query.split())
        if not any(each in query for each in _ITS_OWN):
            self.ran.append((query, tuple(logged.args or ())))

    @property
    def texts(self) -> list[str]:
        return [query for query, _ in self.ran]


@asynccontextmanager
async def written_down(database: str) -> AsyncIterator[Statements]:
    async with connected(database, size=1) as pool:
        statements = Statements(pool)

        async def listen() -> None:
            async with pool.acquire() as connection:
                connection.add_query_logger(statements.note)

        await listen()
        yield statements
