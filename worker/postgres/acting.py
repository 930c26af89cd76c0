"""What people decide on dead letters short of a retry: put away, taken back, written on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from uuid_utils.compat import uuid7

from worker.postgres.choosing import chosen
from worker.postgres.failures import translated
from worker.postgres.objections import no_archive, no_restore, refuse
from worker.postgres.pages import page
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.postgres.choosing import Choice, Place
    from worker.postgres.objections import Objection
    from worker.postgres.pages import Page
    from worker.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Act:
    """An act by its name in the history: from which toestanden to which, and why it cannot be."""

    name: str
    done: str
    before: tuple[str, ...]
    after: str
    objection: Objection


ARCHIVE: Final = Act("archive", "archived", ("open", "wacht"), "gearchiveerd", no_archive)
RESTORE: Final = Act("restore", "restored", ("gearchiveerd",), "open", no_restore)


@dataclass(frozen=True, slots=True)
class Deed:
    """An act as it is done: by whom, why and when."""

    act: Act
    by: str
    reason: str | None
    now: datetime


async def act_on_ids(pool: Pool, ids: Sequence[UUID], deed: Deed) -> None:
    """All of them or none; raises UsageError with a line for each that it cannot be done to."""
    async with transaction(pool) as connection:
        await act_within(connection, ids, deed)


async def act_within(connection: Connection, ids: Sequence[UUID], deed: Deed) -> None:
    """The same, as a part of somebody's transaction."""
    asked = list(dict.fromkeys(ids))
    rows = await connection.fetch(
        """
        select id, toestand, klantcontact from dead_letter
        where id = any ($1::uuid[])
        order by applicatie, bron, bericht_id, digest
        for update
        """,
        asked,
    )
    refuse(asked, rows, deed.act.objection, deed.act.done)
    await _act(connection, asked, deed)


async def act_on_page(
    pool: Pool, choice: Choice, deed: Deed, most: int, after: Place | None
) -> Page:
    """Up to `most` of those that are meant, from `after` on; others' are passed over."""
    async with transaction(pool) as connection:
        places = await chosen(connection, choice, most, after)
        done = await _act(connection, [each[1] for each in places], deed) if places else []
    return page(places, done, most)


async def _act(connection: Connection, ids: Sequence[UUID], deed: Deed) -> list[UUID]:
    act = deed.act
    rows = await connection.fetch(
        """
        with gevraagd as (
            select * from unnest($1::uuid[], $2::uuid[]) as g (id, handeling)
        ), vrij as (
            select d.id, g.handeling from gevraagd as g join dead_letter as d using (id)
            where d.toestand = any ($3::text[])
            order by d.applicatie, d.bron, d.bericht_id, d.digest
            for update of d skip locked
        ), gaat as (
            update dead_letter as d set toestand = $4, opnieuw = null
            from vrij where d.id = vrij.id
            returning d.id, vrij.handeling
        )
        insert into dead_letter_handeling (id, dead_letter, handeling, door, reden, moment)
        select handeling, id, $5, $6, $7, $8 from gaat
        returning dead_letter
        """,
        list(ids),
        [uuid7() for _ in ids],
        act.before,
        act.after,
        act.name,
        deed.by,
        deed.reason,
        deed.now,
    )
    return [row[0] for row in rows]


async def note(pool: Pool, identity: UUID, text: str, by: str, now: datetime) -> bool:
    """Write on one, whatever its toestand; False if there is none of that id."""
    with translated():
        written = await pool.fetchval(
            """
            insert into dead_letter_handeling (id, dead_letter, handeling, door, reden, moment)
            select $2, id, 'note', $3, $4, $5 from dead_letter where id = $1
            returning true
            """,
            identity,
            uuid7(),
            by,
            text,
            now,
        )
    return written is not None
