"""Mails, and klantcontacten that somebody was not told of, as a list has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.postgres.failures import translated
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class ListedMail:
    """One mail. `made` is when; `due` is when it is tried again, if it is put off.

    `roles` are those in which its recipients are told, of `contacts` klantcontacten. `repeats` is
    the mail that it was sent instead of, `repeated` those that were sent instead of it.
    """

    id: UUID
    zaak: str
    toestand: str
    code: int | None
    soort: str
    made: datetime
    sent: datetime | None
    due: datetime | None
    attempts: int
    naam: str
    adres: str
    repeats: UUID | None
    contacts: int
    roles: Sequence[str]
    repeated: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class ListedWithheld:
    """A klantcontact that somebody was not told of: in which roles, and why."""

    id: UUID
    zaak: str
    registered: datetime
    reasons: Sequence[tuple[str, str]]


Listed = ListedMail | ListedWithheld


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at names and addresses, why and when."""

    by: str
    reason: str | None
    now: datetime


async def listed(
    pool: Pool, ids: Sequence[UUID], reden: str | None, look: Look | None
) -> list[Listed]:
    """Those of `ids` that there are, in their order; of reasons, `reden` alone if it is given.

    That somebody looked at what is masked is committed when this returns.
    """
    async with transaction(pool) as connection:
        found: dict[UUID, Listed] = {
            **await _mails(connection, ids),
            **await _withheld(connection, ids, reden),
        }
        if look is not None:
            mails = [f"mail {each}" for each in ids if isinstance(found.get(each), ListedMail)]
            await put_on_record(connection, mails, look)
    return [found[each] for each in ids if each in found]


async def put_on_record(connection: Connection, subjects: Sequence[str], look: Look) -> None:
    """That somebody looks at what is masked elsewhere; it must be committed before they do."""
    await connection.execute(
        """
        insert into inzage (id, door, onderwerp, moment, reden)
        select gen_random_uuid(), $1, onderwerp, $2, $3 from unnest($4::text[]) as onderwerp
        """,
        look.by,
        look.now,
        look.reason,
        subjects,
    )


async def exists(database: Pool | Connection, identity: UUID) -> bool:
    """Whether there is a mail or a klantcontact of that id."""
    with translated():
        found: bool = await database.fetchval(
            """
            select exists (select 1 from mail where id = $1)
                or exists (select 1 from klantcontact where id = $1)
            """,
            identity,
        )
    return found


async def _mails(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, ListedMail]:
    rows = await connection.fetch(
        """
        select m.id, m.zaak, m.toestand, m.code, m.soort, m.gemaakt, m.verzonden,
               case when m.toestand = 'uitgesteld' then m.opnieuw end, m.pogingen, m.naam,
               m.adres, m.herhaalt, n.klantcontacten, coalesce(n.rollen, '{}'),
               array(select h.id from mail as h where h.herhaalt = m.id order by h.id)
        from mail as m
        cross join lateral (
            select count(distinct klantcontact) as klantcontacten,
                   array_agg(distinct rol order by rol) as rollen
            from notificatie where mail = m.id
        ) as n
        where m.id = any ($1::uuid[])
        """,
        ids,
    )
    return {row[0]: ListedMail(*row) for row in rows}


async def _withheld(
    connection: Connection, ids: Sequence[UUID], reden: str | None
) -> dict[UUID, ListedWithheld]:
    rows = await connection.fetch(
        """
        select k.id, k.zaak, k.geregistreerd, array_agg(n.rol order by n.rol, n.reden) as rollen,
               array_agg(n.reden order by n.rol, n.reden) as redenen
        from klantcontact as k join notificatie as n on n.klantcontact = k.id
        where k.id = any ($1::uuid[]) and n.reden is not null
          and ($2::text is null or n.reden = $2)
        group by k.id
        """,
        ids,
        reden,
    )
    return {row["id"]: _made(row) for row in rows}


def _made(row: asyncpg.Record) -> ListedWithheld:
    reasons = tuple(zip(row["rollen"], row["redenen"], strict=True))
    return ListedWithheld(row["id"], row["zaak"], row["geregistreerd"], reasons)
