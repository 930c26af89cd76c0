"""A new version of a dead letter's content, beside the ones before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from uuid_utils.compat import uuid7

from worker.domain.text import printable
from worker.errors import UsageError
from worker.postgres.dead_letter_details import put_on_record
from worker.postgres.objections import FACTS, KLANTCONTACTEN, MAILS
from worker.postgres.pool import transaction
from worker.postgres.retrying import retry_within
from worker.postgres.stored import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.postgres.dead_letter_details import Reveal
    from worker.postgres.pool import Connection, Pool
    from worker.postgres.retrying import Retry
    from worker.stored import Stored


@dataclass(frozen=True, slots=True)
class Start:
    """What an edit starts from: the dead letter, and which version of it is in force."""

    stored: Stored
    version: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A new content in the contract's JSON, who made it, why and when.

    `fields` are the paths that differ from the version before; they go on record, values never.
    """

    start: Start
    content: bytes
    fields: Sequence[str]
    by: str
    reason: str | None
    now: datetime


async def start(pool: Pool, letter: UUID, reveal: Reveal | None) -> Start:
    """Raises UsageError if it is not there, or cannot be edited.

    An editor shows all of it: that it was opened is on record when this returns with `reveal`.
    """
    async with transaction(pool) as connection:
        row = await connection.fetchrow(
            """
            select toestand, queue, klantcontact, versie from dead_letter where id = $1 for share
            """,
            letter,
        )
        if row is None:
            raise UsageError(f"there is no dead letter {letter}; `dead-letters list` lists them")
        if why := _no_edit(row):
            raise UsageError(f"{letter} {why}")
        (stored,) = await load(connection, [letter])
        if reveal is not None:
            await put_on_record(connection, letter, reveal)
    return Start(stored, row["versie"])


def _no_edit(row: asyncpg.Record) -> str | None:
    """Why it cannot be edited, and what to do instead."""
    match row["toestand"]:
        case "hervat":
            return "is being retried: wait until it is done; `dead-letters show` tells"
        case "gearchiveerd":
            return "is archived; `dead-letters restore` it first"
        case "opgelost":
            made = row["klantcontact"]
            return f"was resolved: it is klantcontact {made}" if made else "was resolved already"
    if row["queue"] == MAILS:
        return "is a mail, and its content is not edited; mend what made it, and retry it"
    if row["queue"] == FACTS or row["queue"].startswith(KLANTCONTACTEN):
        return None
    return f"came from {printable(row['queue'])}, of which nothing can be edited; archive it"


async def store(pool: Pool, edit: Edit, retry: Retry | None) -> int:
    """The number of the new version; retried in the same transaction where `retry` is given.

    Raises UsageError, with nothing stored, if somebody else changed it since the start.
    """
    letter = edit.start.stored.id
    async with transaction(pool) as connection:
        row = await connection.fetchrow(
            "select versie, toestand from dead_letter where id = $1 for update", letter
        )
        before = edit.start.version, edit.start.stored.toestand
        if row is None or (row["versie"], row["toestand"]) != before:
            raise UsageError("changed meanwhile; nothing stored: look at it again, and start anew")
        await _store(connection, edit)
        if retry is not None:
            await retry_within(connection, [letter], retry)
    return edit.start.version + 1


async def _store(connection: Connection, edit: Edit) -> None:
    version = edit.start.version + 1
    await connection.execute(
        """
        with versie as (
            insert into dead_letter_versie (dead_letter, versie, inhoud) values ($1, $2, $3)
        ), handeling as (
            insert into dead_letter_handeling
                (id, dead_letter, handeling, door, reden, moment, bijzonderheden)
            values ($4, $1, 'edit', $5, $6, $7, $8)
        )
        update dead_letter set versie = $2, zaak = coalesce($9, zaak) where id = $1
        """,
        edit.start.stored.id,
        version,
        edit.content,
        uuid7(),
        edit.by,
        edit.reason,
        edit.now,
        orjson.dumps({"versie": version, "velden": list(edit.fields)}).decode(),
        _zaak(edit.content),
    )


def _zaak(content: bytes) -> str | None:
    """The zaak that it names by now: it is found by it, and the facts of that one wake it."""
    named = orjson.loads(content).get("zaak")
    return named if isinstance(named, str) else None
