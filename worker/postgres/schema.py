"""Whether the database's schema is as new as the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from worker.postgres.pool import session

if TYPE_CHECKING:
    from worker.postgres.pool import Pool

FILES = Path(__file__).parent / "migrations"


async def pending(pool: Pool) -> bool:
    """Whether the schema is older than this program."""
    newest = max(file.stem for file in FILES.glob("*.sql"))
    async with session(pool) as connection:
        exists = await connection.fetchval(
            "select to_regclass('public._yoyo_migration') is not null"
        )
        if not exists:
            return True
        applied: bool = await connection.fetchval(
            "select exists (select from public._yoyo_migration where migration_id = $1)", newest
        )
    return not applied
