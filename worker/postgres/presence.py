"""Which roles are at work, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.postgres.pool import session
from worker.presence import Present

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.postgres.pool import Pool


class PostgresPresence:
    """The presence's store on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def seen(self, present: Present) -> None:
        """It is there; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute(
                """
                insert into proces (id, rol, host, pid, versie, begonnen, gezien)
                values ($1, $2, $3, $4, $5, $6, $7)
                on conflict (id, rol) do update
                    set gezien = excluded.gezien, begonnen = excluded.begonnen
                """,
                present.process,
                present.role,
                present.host,
                present.pid,
                present.version,
                present.since,
                present.seen,
            )

    async def gone(self, present: Present) -> None:
        """It ends; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute(
                "delete from proces where id = $1 and rol = $2", present.process, present.role
            )


async def present(pool: Pool) -> Sequence[Present]:
    """All that are known, by role, host and process; raises Outage."""
    async with session(pool) as connection:
        rows = await connection.fetch(
            """
            select id, rol, host, pid, versie, begonnen, gezien from proces
            order by array_position(array['intake', 'relay', 'mailer', 'sink'], rol), host, pid, id
            """
        )
    return [Present(*row) for row in rows]
