"""The relay's store: claims are leases, committed at once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from worker.domain.notifications import Soort
from worker.errors import on_new_sessions
from worker.outcomes import Event, Reply
from worker.postgres.mail_letters import FailedMail, lock_letters, put_failed
from worker.postgres.pool import session, transaction
from worker.postgres.waiting import RECALLED_TOGETHER
from worker.relay import TRIES_GIVEN_BACK, DueAnnouncement, DueMail, DueRecall
from worker.rendering import Contact, MailFacts
from worker.stored import Recall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import asyncpg

    from worker.finishing import Finished
    from worker.outcomes import Announcement, Announcer
    from worker.postgres.pool import Connection, Pool
    from worker.relay import Due

# The day that a mail names is the day in the Netherlands.
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_MOST_SWEPT: Final = 500


class PostgresOutbox:
    """The outbox on PostgreSQL."""

    def __init__(self, pool: Pool, announcer: Announcer) -> None:
        self._pool = pool
        self._announcer = announcer

    async def sweep(self, now: datetime, until: datetime) -> int:
        """Whatever was handed to the broker and not dealt with in time is offered again."""
        async with session(self._pool) as connection:
            swept = await _sweep_mails(connection, now)
            return swept + await _sweep_letters(connection, now, until)

    @on_new_sessions
    async def claim(self, now: datetime, until: datetime, most: int) -> list[Due]:
        """Oldest first; rows that another relay has in hand are passed over.

        Found by an array of ids: joined, a plan that was made for an empty outbox compares each
        of a full one with each that is due.
        """
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(
                """
                with due as (
                    select id from outbox
                    where geparkeerd is null and beschikbaar <= $1
                    order by beschikbaar limit $3 for update skip locked
                )
                update outbox as o set beschikbaar = $2, pogingen = o.pogingen + 1
                where o.id = any (array(select id from due))
                returning o.id, o.soort, o.pogingen, o.onderwerp, o.adres, o.correlatie, o.inhoud,
                          o.trace
                """,
                now,
                until,
                most,
            )
            mails = {row[3]: row for row in rows if row[1] == "mail"}
            due: list[Due] = list(await _mails(connection, mails, now)) if mails else []
        return due + [_told(row) for row in rows if row[1] != "mail"]

    async def freeze(
        self, offered: Sequence[Finished], until: datetime
    ) -> dict[UUID, bytes | None]:
        """The bytes of the first offering stay; a retry is the same mail.

        A mail that a mailer has in hand, or that came to its end, is left alone: offering it
        again would send it twice.
        """
        in_order = sorted(offered, key=lambda each: each.mail)
        async with session(self._pool) as connection:
            rows = await connection.fetch(
                """
                with gevraagd as (
                    select m.id, nieuw.bytes, nieuw.sjabloon
                    from unnest($1::uuid[], $2::bytea[], $3::text[])
                        as nieuw (id, bytes, sjabloon)
                    join mail as m on m.id = nieuw.id
                    where m.toestand in ('wacht', 'aangeboden', 'uitgesteld')
                       or (m.toestand = 'bezig' and m.opnieuw is null)
                    order by m.id for update of m
                )
                update mail set
                    toestand = 'aangeboden', opnieuw = $4,
                    bytes = coalesce(mail.bytes, gevraagd.bytes),
                    sjabloon = coalesce(mail.sjabloon, gevraagd.sjabloon)
                from gevraagd where mail.id = gevraagd.id
                returning mail.id,
                          case when mail.bytes <> gevraagd.bytes then mail.bytes end
                """,
                [each.mail for each in in_order],
                [each.content for each in in_order],
                [each.template for each in in_order],
                until,
            )
        return {row[0]: row[1] for row in rows}

    async def settle(self, done: Sequence[UUID], parked: Sequence[UUID], now: datetime) -> None:
        """What was confirmed is gone, what is parked stays to be looked at."""
        async with session(self._pool) as connection:
            await connection.execute(
                """
                with weg as (delete from outbox where id = any ($1::uuid[]))
                update outbox set geparkeerd = $3 where id = any ($2::uuid[])
                """,
                list(done),
                list(parked),
                now,
            )

    async def give_back(self, rows: Sequence[UUID], until: datetime, now: datetime) -> None:
        """Only what still has that lease: another relay may have claimed the rest.

        What was tried more than TRIES_GIVEN_BACK times waits for the end of it.
        """
        async with session(self._pool) as connection:
            await connection.execute(
                """
                update outbox set beschikbaar = $3
                where id = any ($1::uuid[]) and beschikbaar = $2 and geparkeerd is null
                  and pogingen <= $4
                """,
                list(rows),
                until,
                now,
                TRIES_GIVEN_BACK,
            )

    @on_new_sessions
    async def give_up(self, mails: Mapping[UUID, str], now: datetime) -> None:
        """A mail that cannot be made is `mislukt`; the reason stands where an answer would."""
        if not mails:
            return
        failed = [FailedMail(mail, mails[mail]) for mail in sorted(mails)]
        async with transaction(self._pool) as connection:
            await lock_letters(connection, mails)
            await connection.execute(
                """
                update mail set toestand = 'mislukt', antwoord = hopeloos.reden, opnieuw = null
                from unnest($1::uuid[], $2::text[]) as hopeloos (id, reden)
                where mail.id = hopeloos.id
                """,
                [each.mail for each in failed],
                [each.reason for each in failed],
            )
            await put_failed(connection, failed, now, self._announcer)


async def _sweep_mails(connection: Connection, now: datetime) -> int:
    swept: int = await connection.fetchval(
        """
        with due as (
            select id from mail where opnieuw <= $1
            order by id limit $2 for update skip locked
        ), vrij as (
            update mail set opnieuw = null from due where mail.id = due.id
            returning mail.id
        ), uit as (
            insert into outbox (id, soort, onderwerp, beschikbaar)
            select id, 'mail', id, $1 from vrij
            on conflict (id) do nothing
            returning 1
        )
        select count(*) from uit
        """,
        now,
        _MOST_SWEPT,
    )
    return swept


async def _sweep_letters(connection: Connection, now: datetime, until: datetime) -> int:
    """Dead letters that waited, and those whose recall was lost on its way."""
    swept: int = await connection.fetchval(
        """
        with due as (
            select id from dead_letter
            where opnieuw <= $1 and toestand in ('wacht', 'hervat')
            order by opnieuw limit $3 for update skip locked
        ), geleend as (
            update dead_letter as d set opnieuw = $2 from due where d.id = due.id
            returning d.id
        ), deel as (
            select id, (row_number() over () - 1) / $4 as nummer from geleend
        ), uit as (
            insert into outbox (id, soort, onderwerp, beschikbaar, inhoud)
            select gen_random_uuid(), 'hervat', (array_agg(id))[1], $1,
                   string_agg(uuid_send(id), '')
            from deel group by nummer
        )
        select count(*) from geleend
        """,
        now,
        until,
        _MOST_SWEPT,
        RECALLED_TOGETHER,
    )
    return swept


def _told(row: asyncpg.Record) -> DueAnnouncement | DueRecall:
    told: Announcement
    if row[1] == "hervat":
        return DueRecall(row[0], row[2], tuple(map(Recall, _letters(row[6] or row[3].bytes))))
    if row[1] == "gebeurtenis":
        told = Event(row[3], row[4], row[6], row[7])
    else:
        told = Reply(row[3], orjson.loads(row[6])["type"], row[6], row[4], row[5], row[7])
    return DueAnnouncement(row[0], row[2], told)


def _letters(content: bytes) -> Iterable[UUID]:
    """Ids one after another, 16 bytes each."""
    return (UUID(bytes=content[place : place + 16]) for place in range(0, len(content), 16))


async def _mails(
    connection: Connection, claimed: Mapping[UUID, asyncpg.Record], now: datetime
) -> Iterable[DueMail]:
    """The facts of the mails that the claimed rows stand for.

    They are closed first, and read after: whoever was about to join one has joined it by then,
    and whoever comes later finds it closed.
    """
    rows = await connection.fetch(
        """
        with dicht as (
            select id from mail where id = any ($1::uuid[]) and open order by id for update
        ), gesloten as (
            update mail set open = false from dicht where mail.id = dicht.id
        )
        select m.id, m.zaak, z.omschrijving, m.naam, m.adres, m.taal, m.soort, m.bytes,
               m.trace
        from mail as m left join zaak as z on z.identificatie = m.zaak
        where m.id = any ($1::uuid[])
        """,
        list(claimed),
    )
    contacts = await _contacts(connection, list(claimed))
    return [
        DueMail(
            row=claimed[row[0]][0],
            attempts=claimed[row[0]][2],
            frozen=row[7],
            traces=tuple(row[8] or ()),
            facts=MailFacts(
                mail=row[0],
                zaak=row[1],
                zaak_omschrijving=row[2] or "",
                naam=row[3],
                adres=row[4],
                taal=row[5],
                soort=Soort(row[6]),
                contacten=tuple(contacts[row[0]]),
                moment=now,
            ),
        )
        for row in rows
    ]


async def _contacts(connection: Connection, mails: list[UUID]) -> dict[UUID, list[Contact]]:
    """What each mail tells of: one klantcontact once, however many people share an address."""
    rows = await connection.fetch(
        """
        select distinct n.mail, k.datum_gezet, k.id, k.type
        from notificatie as n join klantcontact as k on k.id = n.klantcontact
        where n.mail = any ($1::uuid[])
        order by n.mail, k.datum_gezet, k.id
        """,
        mails,
    )
    found: dict[UUID, list[Contact]] = defaultdict(list)
    for mail, moment, _, kind in rows:
        found[mail].append(Contact(kind, moment.astimezone(_AMSTERDAM).date()))
    return found
