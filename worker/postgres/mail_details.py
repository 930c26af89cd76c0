"""One mail with all that is known of it, and one klantcontact with all who were told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from worker.postgres.dead_letter_details import Handled
from worker.postgres.listed_mails import Look, put_on_record
from worker.postgres.mail_letters import MAIL_SOURCE
from worker.postgres.pool import transaction
from worker.postgres.told import Attempt, Told, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Connection, Pool

_MESSAGE_ID: Final = re.compile(rb"^Message-ID: (<[!-~]+>)\r?$", re.MULTILINE)
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class InIt:
    """A klantcontact that a mail tells of, and the roles of those whom it tells."""

    id: UUID
    moment: datetime
    type: str
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Letter:
    """The dead letter that stands for a mail."""

    id: UUID
    toestand: str


@dataclass(frozen=True, slots=True)
class MailDetails:
    """One mail.

    `due` is when it is offered, for what waits, or tried again; `parked` when it was put aside
    because it could not be offered. `template` is the digest of the templates, `message_id` the
    header's value: both from when it was first offered. `words` are the last answer's. `marked`
    is since when its address counts as undeliverable. Attempts and history are from old to new,
    the latest thousand.
    """

    id: UUID
    zaak: str
    toestand: str
    code: int | None
    soort: str
    taal: str
    naam: str
    adres: str
    template: str | None
    message_id: str | None
    made: datetime
    sent: datetime | None
    due: datetime | None
    parked: datetime | None
    tries: int
    words: str | None
    marked: datetime | None
    repeats: UUID | None
    repeated: Sequence[UUID]
    letter: Letter | None
    contacts: Sequence[InIt]
    attempts: Sequence[Attempt]
    history: Sequence[Handled]


@dataclass(frozen=True, slots=True)
class ToldOf:
    """One klantcontact and who was told of it."""

    id: UUID
    zaak: str | None
    moment: datetime
    type: str
    told: Sequence[Told]


async def details(pool: Pool, identity: UUID, look: Look | None) -> MailDetails | ToldOf | None:
    """The mail or the klantcontact of that id; None if there is neither.

    That somebody looked at what is masked is committed when this returns.
    """
    async with transaction(pool) as connection:
        found = await _mail(connection, identity) or await _contact(connection, identity)
        if found is not None and look is not None:
            is_mail = isinstance(found, MailDetails)
            kind = "mail" if is_mail else "notificaties klantcontact"
            await put_on_record(connection, [f"{kind} {identity}"], look)
    return found


async def _contact(connection: Connection, identity: UUID) -> ToldOf | None:
    row = await connection.fetchrow(
        "select id, zaak, datum_gezet, type from klantcontact where id = $1", identity
    )
    if row is None:
        return None
    heard = await told(connection, [identity])
    return ToldOf(row[0], row[1], row[2], row[3], heard.get(identity, []))


async def _mail(connection: Connection, identity: UUID) -> MailDetails | None:
    row = await connection.fetchrow(
        """
        select m.*, substr(m.bytes, 1, 8192) as begin, o.beschikbaar, o.geparkeerd,
               b.moment as gemerkt,
               array(select h.id from mail as h where h.herhaalt = m.id order by h.id) as herhaald
        from mail as m
        left join outbox as o on o.id = m.id and o.soort = 'mail'
        left join onbestelbaar as b on b.adres = lower(m.adres collate "C")
        where m.id = $1
        """,
        identity,
    )
    if row is None:
        return None
    letter = await _letter(connection, identity)
    return _made(
        row,
        letter=letter,
        contacts=await _contacts(connection, identity),
        attempts=await _attempts(connection, identity),
        history=await _history(connection, identity, letter.id if letter else None),
    )


async def _letter(connection: Connection, mail: UUID) -> Letter | None:
    row = await connection.fetchrow(
        """
        select id, toestand from dead_letter
        where applicatie = '' and bron = $1 and bericht_id = $2
        order by laatste desc limit 1
        """,
        MAIL_SOURCE,
        str(mail),
    )
    return None if row is None else Letter(*row)


async def _contacts(connection: Connection, mail: UUID) -> list[InIt]:
    rows = await connection.fetch(
        """
        select k.id, k.datum_gezet, k.type, array_agg(distinct n.rol order by n.rol)
        from notificatie as n join klantcontact as k on k.id = n.klantcontact
        where n.mail = $1
        group by k.id order by k.datum_gezet, k.id
        """,
        mail,
    )
    return [InIt(*row) for row in rows]


async def _attempts(connection: Connection, mail: UUID) -> list[Attempt]:
    rows = await connection.fetch(
        """
        select moment, toestand, code, status, antwoord from mail_poging
        where mail = $1 order by moment desc, id desc limit $2
        """,
        mail,
        _MOST,
    )
    return [Attempt(*row) for row in reversed(rows)]


async def _history(connection: Connection, mail: UUID, letter: UUID | None) -> list[Handled]:
    """What was done about the mail, about its dead letter, and to send it anew."""
    rows = await connection.fetch(
        """
        select id, handeling, door, reden, moment,
               case when mail <> $1 and handeling = 'resend' then mail end as nieuw
        from mail_handeling
        where mail = any ($1 || array(select id from mail where herhaalt = $1))
        union all
        select id, handeling, door, reden, moment, null from dead_letter_handeling
        where dead_letter = $2
        order by moment desc, id desc limit $3
        """,
        mail,
        letter,
        _MOST,
    )
    return [_handled(row) for row in reversed(rows)]


def _handled(row: asyncpg.Record) -> Handled:
    details = {} if row["nieuw"] is None else {"as": str(row["nieuw"])}
    return Handled(row["handeling"], row["door"], row["reden"], row["moment"], details)


def _made(
    row: asyncpg.Record,
    *,
    letter: Letter | None,
    contacts: Sequence[InIt],
    attempts: Sequence[Attempt],
    history: Sequence[Handled],
) -> MailDetails:
    named = _MESSAGE_ID.search(row["begin"] or b"")
    waits = row["beschikbaar"] if row["toestand"] == "wacht" else None
    return MailDetails(
        id=row["id"],
        zaak=row["zaak"],
        toestand=row["toestand"],
        code=row["code"],
        soort=row["soort"],
        taal=row["taal"],
        naam=row["naam"],
        adres=row["adres"],
        template=row["sjabloon"],
        message_id=named[1].decode() if named else None,
        made=row["gemaakt"],
        sent=row["verzonden"],
        due=row["opnieuw"] if row["toestand"] == "uitgesteld" else waits,
        parked=row["geparkeerd"],
        tries=row["pogingen"],
        words=row["antwoord"],
        marked=row["gemerkt"],
        repeats=row["herhaalt"],
        repeated=row["herhaald"],
        letter=letter,
        contacts=contacts,
        attempts=attempts,
        history=history,
    )
