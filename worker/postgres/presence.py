"""Which roles there are, where, and how they stand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from worker.postgres.pool import connected, session
from worker.presence import Present

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from worker.postgres.pool import Pool

# Who asks wants to know how it is now: later it is told anew.
_DEADLINE: Final = timedelta(seconds=5)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresPresence]:
    """The store, for once: between two times nothing is open that could be lost; raises Outage."""
    async with connected(url, size=1, deadline=_DEADLINE) as pool:
        yield PostgresPresence(pool)


class PostgresPresence:
    """The presence's store on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def seen(self, roles: Sequence[Present]) -> None:
        """They stand so; raises Outage."""
        async with session(self._pool) as connection:
            await connection.executemany(
                """
                insert into proces
                    (id, rol, host, pid, versie, toestand, reden, begonnen, gezien, broker)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                on conflict (id, rol) do update
                    set gezien = excluded.gezien, begonnen = excluded.begonnen,
                        toestand = excluded.toestand, reden = excluded.reden,
                        broker = excluded.broker
                """,
                [_values(each) for each in roles],
            )

    async def gone(self, process: UUID) -> None:
        """It ends; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute("delete from proces where id = $1", process)


def _values(each: Present) -> tuple[object, ...]:
    return (
        each.process,
        each.role,
        each.host,
        each.pid,
        each.version,
        each.state,
        each.reason,
        each.since,
        each.seen,
        each.broker,
    )


async def present(pool: Pool) -> Sequence[Present]:
    """All that are known, by role, host and process; raises Outage."""
    async with session(pool) as connection:
        rows = await connection.fetch(
            """
            select id, rol, host, pid, versie, toestand, reden, begonnen, gezien, broker
            from proces
            order by array_position(array['intake', 'relay', 'mailer', 'sink'], rol), host, pid, id
            """
        )
    return [Present(*row) for row in rows]
