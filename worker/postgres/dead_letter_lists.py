"""Dead letters as a list has them: what is known of each but its problem, headers and body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.postgres.failures import translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.postgres.choosing import Place
    from worker.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Listed:
    """One dead letter. `queue` is the full name, `veld` as the table has it.

    `due` is when it is tried again, if it is to be; `version` is the one in force, 0 the body as
    it came; `klantcontact` is what it became, once it is resolved.
    """

    id: UUID
    toestand: str
    code: str
    queue: str
    veld: str
    applicatie: str
    message_id: str
    zaak: str | None
    count: int
    attempts: int
    version: int
    first: datetime
    last: datetime
    due: datetime | None
    klantcontact: UUID | None


async def listed(database: Pool | Connection, ids: Sequence[UUID]) -> list[Listed]:
    """Those of `ids` that there are, the newest first."""
    with translated():
        rows = await database.fetch(
            """
            select id, toestand, code, queue, veld, applicatie, bericht_id, zaak, aantal, pogingen,
                   versie, eerste, laatste, opnieuw, klantcontact
            from dead_letter where id = any ($1::uuid[])
            order by laatste desc, id desc
            """,
            list(ids),
        )
    return [Listed(*row) for row in rows]


async def place(database: Pool | Connection, identity: UUID) -> Place | None:
    """Where it stands among the others; None if there is no such dead letter."""
    with translated():
        last = await database.fetchval("select laatste from dead_letter where id = $1", identity)
    return None if last is None else (last, identity)
