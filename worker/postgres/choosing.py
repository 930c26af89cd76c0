"""Which dead letters are meant: the newest first, and page by page by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.postgres.failures import translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.postgres.pool import Connection, Pool

OPEN = ("open",)
TOESTANDEN = ("wacht", "open", "hervat", "opgelost", "gearchiveerd")


@dataclass(frozen=True, slots=True)
class Choice:
    """What all of them have in common; None stands for anything.

    `since` and `until` hold for the moment at which each came last. `queue` is the full name,
    `veld` as the table has it.
    """

    toestanden: Sequence[str] = OPEN
    code: str | None = None
    queue: str | None = None
    veld: str | None = None
    applicatie: str | None = None
    zaak: str | None = None
    since: datetime | None = None
    until: datetime | None = None


Place = tuple["datetime", "UUID"]
"""Where a page ends: the moment and the id of its last dead letter."""


async def chosen(
    database: Pool | Connection, choice: Choice, most: int, after: Place | None = None
) -> list[Place]:
    """Up to `most` of them, the newest first, from `after` on.

    Each toestand by itself, so that each is read from an index in the order that is asked for.
    """
    with translated():
        rows = await database.fetch(
            """
            select d.laatste, d.id
            from unnest($1::text[]) as gevraagd (toestand)
            cross join lateral (
                select laatste, id from dead_letter
                where toestand = gevraagd.toestand
                  and ($2::text is null or code = $2)
                  and ($3::text is null or queue = $3)
                  and ($4::text is null or veld = $4)
                  and ($5::text is null or applicatie = $5)
                  and ($6::text is null or zaak = $6)
                  and ($7::timestamptz is null or laatste >= $7)
                  and ($8::timestamptz is null or laatste < $8)
                  and ($9::timestamptz is null or (laatste, id) < ($9, $10::uuid))
                order by laatste desc, id desc limit $11
            ) as d
            order by d.laatste desc, d.id desc limit $11
            """,
            *_values(choice),
            *(after or (None, None)),
            most,
        )
    return [(row[0], row[1]) for row in rows]


async def count(database: Pool | Connection, choice: Choice) -> int:
    """How many there are."""
    with translated():
        found: int = await database.fetchval(
            """
            select count(*) from dead_letter
            where toestand = any ($1::text[])
              and ($2::text is null or code = $2)
              and ($3::text is null or queue = $3)
              and ($4::text is null or veld = $4)
              and ($5::text is null or applicatie = $5)
              and ($6::text is null or zaak = $6)
              and ($7::timestamptz is null or laatste >= $7)
              and ($8::timestamptz is null or laatste < $8)
            """,
            *_values(choice),
        )
    return found


def _values(choice: Choice) -> list[Any]:
    return [
        list(choice.toestanden),
        choice.code,
        choice.queue,
        choice.veld,
        choice.applicatie,
        choice.zaak,
        choice.since,
        choice.until,
    ]
