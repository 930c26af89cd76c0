"""How many klantcontacten were registered lately: their ids tell when they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from worker.postgres.counting import MOST
from worker.postgres.pool import session

if TYPE_CHECKING:
    from datetime import datetime

    from worker.postgres.pool import Pool


async def registered_since(pool: Pool, since: datetime) -> int:
    """How many, MOST at most; raises Outage."""
    async with session(pool) as connection:
        found: int = await connection.fetchval(
            "select count(*) from (select 1 from klantcontact where id >= $1 limit $2) as recent",
            first_id(since),
            MOST,
        )
    return found


def first_id(moment: datetime) -> UUID:
    """The lowest UUIDv7 of a moment (RFC 9562, section 5.7: 48 bits of Unix time in ms)."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62))
