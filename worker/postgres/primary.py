"""Which server this is: a primary that was replaced, and came back, is not written to.

A promotion begins a new timeline. So of two servers of one system the one on the older timeline
is the old primary. Two standbys that were both promoted from one timeline cannot be told apart.

A row in the database cannot help: an old primary has no row that was written after it, and a
server that has the row has its timeline too. So the process remembers, and asks the other hosts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

_FENCE = "keep it from being reached, and make it a standby again: docs/operations.md, Fail over"


@dataclass(frozen=True, slots=True)
class Server:
    """The database system that a server belongs to, and the timeline that it is on."""

    system: int
    timeline: int


async def server(connection: Connection) -> Server | None:
    """Which one it is; None where its administrator lets nobody ask.

    A primary names the timeline that it writes: its last checkpoint may be older than a promotion.
    """
    try:
        row = await connection.fetchrow(
            """
            select system.system_identifier, greatest(
                point.timeline_id,
                case when pg_is_in_recovery() then 0
                     else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end
            )
            from pg_control_system() as system, pg_control_checkpoint() as point
            """
        )
    except asyncpg.InsufficientPrivilegeError:
        return None
    return None if row is None else Server(row[0], row[1])


class Newest:
    """The newest server that this process has seen behind one URL."""

    def __init__(self) -> None:
        self._seen: Server | None = None

    def note(self, found: Server | None) -> None:
        """It was seen, on whichever host."""
        if self._seen is None or (found is not None and _newer(found, self._seen)):
            self._seen = found

    def is_older(self, found: Server | None) -> bool:
        """Whether it is known to have been replaced."""
        seen = self._seen
        return seen is not None and found is not None and _newer(seen, found)

    def objection(self, found: Server | None) -> str | None:
        """Why this server is not to be used, if that is so; else it is the newest one."""
        seen = self._seen
        self.note(found)
        if seen is None or found is None:
            return None
        if found.system != seen.system:
            return (
                f"PostgreSQL is of another database system ({found.system}) than before"
                f" ({seen.system}); if that is meant, as after a restore, restart the workers"
            )
        if found.timeline < seen.timeline:
            return (
                f"PostgreSQL is on timeline {found.timeline}, and timeline {seen.timeline} was"
                f" seen: it is an old primary, and nothing is written to it; {_FENCE}"
            )
        return None


def _newer(found: Server, than: Server) -> bool:
    return found.system == than.system and found.timeline > than.timeline
