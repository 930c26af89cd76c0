"""One dead letter with all that is known of it: its problem, history and versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from uuid_utils.compat import uuid7

from worker.errors import UsageError
from worker.postgres.pool import transaction
from worker.postgres.stored import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Connection, Pool
    from worker.stored import Stored

_MOST_HISTORY = 1000


@dataclass(frozen=True, slots=True)
class Handled:
    """What somebody did with it, or the worker: `what` is the act as the table names it.

    `details` are what belongs to it, as the version and fields of an edit.
    """

    what: str
    by: str
    reason: str | None
    moment: datetime
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Details:
    """One dead letter.

    `problem` is the RFC 9457 problem as a dict, `properties` the delivery's properties and
    headers as JSON could say them. `version` is in force (0 is the body as it came), `versions`
    are the numbers of those that people made. `content` is the one that was asked for, in the
    contract's JSON; None for 0 and for one that there is not. `history` is from old to new, its
    latest thousand.
    """

    stored: Stored
    code: str
    veld: str
    problem: Mapping[str, Any]
    properties: Mapping[str, Any]
    zaak: str | None
    count: int
    first: datetime
    last: datetime
    due: datetime | None
    klantcontact: UUID | None
    version: int
    versions: Sequence[int]
    content: bytes | None
    history: Sequence[Handled]


@dataclass(frozen=True, slots=True)
class Reveal:
    """Who looks at what is masked, why and when."""

    by: str
    reason: str | None
    now: datetime


async def details(
    pool: Pool, letter: UUID, version: int | None = None, reveal: Reveal | None = None
) -> Details | None:
    """All of it, with the content of `version` or of the one in force; None if it is not there.

    That somebody looked at what is masked is committed when this returns. Raises UsageError for
    a version that there is not.
    """
    async with transaction(pool) as connection:
        row = await connection.fetchrow(
            """
            select d.code, d.veld, d.probleem, d.headers, d.zaak, d.aantal, d.eerste, d.laatste,
                   d.opnieuw, d.klantcontact, d.versie, v.inhoud,
                   array(select a.versie from dead_letter_versie as a where a.dead_letter = d.id
                         order by a.versie) as versies
            from dead_letter as d
            left join dead_letter_versie as v
                on v.dead_letter = d.id and v.versie = coalesce($2, d.versie)
            where d.id = $1
            """,
            letter,
            version,
        )
        if row is None:
            return None
        if version and version not in row["versies"]:
            raise UsageError(f"there is no version {version}; the last one is {row['versie']}")
        if reveal is not None:
            await put_on_record(connection, letter, reveal)
        stored = (await load(connection, [letter]))[0]
        return _made(row, stored, await _history(connection, letter))


async def put_on_record(connection: Connection, letter: UUID, reveal: Reveal) -> None:
    """That somebody looks at what is masked elsewhere; it must be committed before they do."""
    await connection.execute(
        """
        insert into dead_letter_handeling (id, dead_letter, handeling, door, reden, moment)
        values ($1, $2, 'reveal', $3, $4, $5)
        """,
        uuid7(),
        letter,
        reveal.by,
        reveal.reason,
        reveal.now,
    )


async def _history(connection: Connection, letter: UUID) -> list[Handled]:
    rows = await connection.fetch(
        """
        select handeling, door, reden, moment, bijzonderheden from dead_letter_handeling
        where dead_letter = $1 order by moment desc, id desc limit $2
        """,
        letter,
        _MOST_HISTORY,
    )
    return [
        Handled(row[0], row[1], row[2], row[3], orjson.loads(row[4] or b"{}"))
        for row in reversed(rows)
    ]


def _made(row: asyncpg.Record, stored: Stored, history: list[Handled]) -> Details:
    return Details(
        stored=stored,
        code=row["code"],
        veld=row["veld"],
        problem=orjson.loads(row["probleem"]),
        properties=orjson.loads(row["headers"]),
        zaak=row["zaak"],
        count=row["aantal"],
        first=row["eerste"],
        last=row["laatste"],
        due=row["opnieuw"],
        klantcontact=row["klantcontact"],
        version=row["versie"],
        versions=row["versies"],
        content=row["inhoud"],
        history=history,
    )
