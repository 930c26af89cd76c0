"""Queues that are blocked by a message, and the lease to put it away: each call commits by itself.

Moments are PostgreSQL's own, so that the clocks of processes decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from worker.postgres.pool import session
from worker.undeliverable import HEARTBEAT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.postgres.pool import Pool

_GONE_AFTER: Final = 4 * HEARTBEAT


@dataclass(frozen=True, slots=True)
class Blocked:
    """A queue, blocked `since` when; `reason` is why its message cannot be put away, if so."""

    queue: str
    since: datetime
    said: str
    reason: str | None


class PostgresBlockedQueues:
    """The store of `undeliverable` on PostgreSQL, for one process."""

    def __init__(self, pool: Pool, process: UUID) -> None:
        self._pool = pool
        self._process = process

    async def blocked(self, queue: str, said: str, reason: str | None = None) -> None:
        """It is blocked, by what the broker says; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute(
                """
                insert into gestremde_queue as q (queue, antwoord, reden, sinds, gezien)
                values ($1, $2, $3, clock_timestamp(), clock_timestamp())
                on conflict (queue) do update
                    set antwoord = excluded.antwoord, reden = excluded.reden,
                        gezien = excluded.gezien,
                        sinds = case when q.antwoord = ''
                                       or q.gezien < excluded.gezien - interval '3 minutes'
                                     then excluded.sinds else q.sinds end
                """,
                queue,
                said,
                reason,
            )

    async def free(self, queue: str) -> None:
        """It is not blocked any more; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute(
                """
                delete from gestremde_queue where queue = $1
                    and (tot is null or tot <= clock_timestamp() or proces = $2)
                """,
                queue,
                self._process,
            )

    async def leased(self, queue: str) -> bool:
        """Whether another process puts something away just now; raises Outage."""
        async with session(self._pool) as connection:
            found: bool = await connection.fetchval(
                """
                select exists (select 1 from gestremde_queue
                               where queue = $1 and proces <> $2 and tot > clock_timestamp())
                """,
                queue,
                self._process,
            )
        return found

    async def lease(self, queue: str) -> bool:
        """Be the one that does, half a minute from now; False where another process is.

        Raises Outage.
        """
        async with session(self._pool) as connection:
            row = await connection.fetchrow(
                """
                insert into gestremde_queue as q (queue, sinds, gezien, proces, tot)
                values ($1, clock_timestamp(), clock_timestamp(), $2,
                        clock_timestamp() + interval '30 seconds')
                on conflict (queue) do update
                    set proces = excluded.proces, tot = excluded.tot, gezien = excluded.gezien
                    where q.tot is null or q.tot <= clock_timestamp() or q.proces = $2
                returning queue
                """,
                queue,
                self._process,
            )
        return row is not None

    async def renew(self, queue: str) -> bool:
        """Half a minute from now once more; False where another process had it since `lease`.

        Raises Outage.
        """
        async with session(self._pool) as connection:
            row = await connection.fetchrow(
                """
                update gestremde_queue set tot = clock_timestamp() + interval '30 seconds'
                where queue = $1 and proces = $2
                returning queue
                """,
                queue,
                self._process,
            )
        return row is not None

    async def release(self, queue: str) -> None:
        """Give the lease back; raises Outage."""
        async with session(self._pool) as connection:
            await connection.execute(
                """
                update gestremde_queue set proces = null, tot = null
                where queue = $1 and proces = $2
                """,
                queue,
                self._process,
            )


async def blocked_queues(pool: Pool) -> Sequence[Blocked]:
    """Those that a process records as blocked, by name; raises Outage.

    A row without a heartbeat is of a process that ended or lost the database.
    """
    async with session(pool) as connection:
        rows = await connection.fetch(
            """
            select queue, sinds, antwoord, reden from gestremde_queue
            where antwoord <> '' and gezien > clock_timestamp() - $1::interval
            order by queue
            """,
            _GONE_AFTER,
        )
    return [Blocked(*row) for row in rows]
