"""What became of dead letters that were sent on their way again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.postgres.failures import translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from worker.postgres.pool import Pool


async def settled(pool: Pool, ids: Sequence[UUID]) -> list[tuple[UUID, str, str]]:
    """Those that the worker is done with: id, toestand and code of each."""
    with translated():
        rows = await pool.fetch(
            """
            select id, toestand, code from dead_letter
            where id = any ($1::uuid[]) and toestand not in ('hervat', 'wacht')
            """,
            list(ids),
        )
    return [(row[0], row[1], row[2]) for row in rows]
