"""Outbox rows that the broker refused too often, offered anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.postgres.pool import session

if TYPE_CHECKING:
    from datetime import datetime

    from worker.postgres.pool import Pool


async def unpark(pool: Pool, now: datetime) -> int:
    """Make all of them due `now`, as if they had never been tried; how many there were."""
    async with session(pool) as connection:
        count: int = await connection.fetchval(
            """
            with opgezocht as (
                select id from outbox where geparkeerd is not null order by id for update
            ), vrij as (
                update outbox set geparkeerd = null, pogingen = 0, beschikbaar = $1
                from opgezocht where outbox.id = opgezocht.id returning outbox.id
            )
            select count(*) from vrij
            """,
            now,
        )
    return count
