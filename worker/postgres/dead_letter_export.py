"""Dead letters to be taken out of the program: what is known of them, and on demand all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from uuid_utils.compat import uuid7

from worker.postgres.dead_letter_lists import Listed
from worker.postgres.failures import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one without its content: its problem (RFC 9457) and its key's source.

    `size` is how many bytes its content takes, body and version in force together.
    """

    known: Listed
    source: str
    problem: Mapping[str, Any]
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """What one says: the body as it came, its properties and headers as JSON could say them.

    `edited` is the version in force, in the contract's JSON; None while nobody edited it.
    """

    body: bytes
    properties: Mapping[str, Any]
    edited: bytes | None


async def known(database: Pool | Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of `ids` that there are."""
    with translated():
        rows = await database.fetch(
            "select id from dead_letter where id = any ($1::uuid[])", list(ids)
        )
    return {row[0] for row in rows}


async def records(database: Pool | Connection, ids: Sequence[UUID]) -> list[Record]:
    """Those of `ids` that there are, the newest first."""
    with translated():
        rows = await database.fetch(
            """
            select d.id, d.toestand, d.code, d.queue, d.veld, d.applicatie, d.bericht_id, d.zaak,
                   d.aantal, d.pogingen, d.versie, d.eerste, d.laatste, d.opnieuw, d.klantcontact,
                   d.bron, d.probleem,
                   octet_length(d.body) + coalesce(octet_length(v.inhoud), 0)
            from dead_letter as d
            left join dead_letter_versie as v on v.dead_letter = d.id and v.versie = d.versie
            where d.id = any ($1::uuid[])
            order by d.laatste desc, d.id desc
            """,
            list(ids),
        )
    return [Record(Listed(*row[:-3]), row[-3], orjson.loads(row[-2]), row[-1]) for row in rows]


async def contents(database: Pool | Connection, ids: Sequence[UUID]) -> dict[UUID, Content]:
    """What those of `ids` say that there are."""
    with translated():
        rows = await database.fetch(
            """
            select d.id, d.body, d.headers, v.inhoud
            from dead_letter as d
            left join dead_letter_versie as v on v.dead_letter = d.id and v.versie = d.versie
            where d.id = any ($1::uuid[])
            """,
            list(ids),
        )
    return {row[0]: Content(row[1], orjson.loads(row[2]), row[3]) for row in rows}


async def put_on_record(
    database: Pool | Connection, ids: Sequence[UUID], by: str, reason: str | None, now: datetime
) -> None:
    """That `by` took out what these say. Rows are held in key order, as everybody does."""
    with translated():
        await database.execute(
            """
            insert into dead_letter_handeling (id, dead_letter, handeling, door, reden, moment)
            select g.handeling, d.id, 'export', $3, $4, $5
            from unnest($1::uuid[], $2::uuid[]) as g (id, handeling)
            join dead_letter as d using (id)
            order by d.applicatie, d.bron, d.bericht_id, d.digest
            for key share of d
            """,
            list(ids),
            [uuid7() for _ in ids],
            by,
            reason,
            now,
        )
