"""Mails that cannot be delivered are dead letters too: found and retried like any other."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import orjson
from uuid_utils.compat import uuid7

from worker.errors import Code, Violation, problem
from worker.postgres.writing import send

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.outcomes import Announcer
    from worker.postgres.pool import Connection

MAIL_SOURCE: Final = "urn:klantcontact:mail"
"""The source of a mail's dead letter; its id there is the mail's."""
MAIL_QUEUE: Final = "klantcontact.notificatie.email"


@dataclass(frozen=True, slots=True)
class FailedMail:
    """A mail that came to its end unsent, and why, in words that quote nobody."""

    mail: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """A mail whose address does not exist, and the code (RFC 3463) that says so."""

    mail: UUID
    status: str


async def lock_letters(connection: Connection, mails: Iterable[UUID]) -> None:
    """Lock the dead letters that stand for these mails: they come before the mails themselves."""
    await connection.execute(
        """
        select 1 from dead_letter
        where applicatie = '' and bron = $1 and bericht_id = any ($2::text[])
        order by applicatie, bron, bericht_id, digest for update
        """,
        MAIL_SOURCE,
        [str(each) for each in mails],
    )


async def put_failed(
    connection: Connection, failed: Sequence[FailedMail], now: datetime, announcer: Announcer
) -> None:
    """A dead letter `mail-mislukt` for each, or another occurrence of the one there is; an event.

    What the mail server said is kept beside the recipient: it may quote them.
    """
    if not failed:
        return
    in_order = sorted(failed, key=lambda each: str(each.mail))
    letters = [uuid7() for _ in in_order]
    await connection.execute(
        """
        insert into dead_letter as d
            (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, zaak,
             headers, body, eerste, laatste)
        select nieuw.id, 'open', $1, nieuw.probleem::jsonb, $2, '', $3, m.id::text, nieuw.digest,
               m.zaak,
               jsonb_build_object(
                   'headers', jsonb_build_object('ontvanger', m.adres, 'antwoord', m.antwoord),
                   'content_type', 'message/rfc822', 'content_encoding', null,
                   'message_id', m.id, 'user_id', null, 'timestamp', null, 'reply_to', null,
                   'correlation_id', null, 'time', null),
               coalesce(m.bytes, ''), $7, $7
        from unnest($4::uuid[], $5::uuid[], $6::text[], $8::bytea[])
            as nieuw (id, mail, probleem, digest)
        join mail as m on m.id = nieuw.mail
        on conflict (applicatie, bron, bericht_id, digest) do update set
            toestand = 'open', opnieuw = null, headers = excluded.headers, body = excluded.body,
            probleem = excluded.probleem || jsonb_build_object('instance', 'urn:uuid:' || d.id),
            pogingen = d.pogingen + 1, aantal = d.aantal + 1, laatste = excluded.laatste
        """,
        Code.MAIL_MISLUKT,
        MAIL_QUEUE,
        MAIL_SOURCE,
        letters,
        [each.mail for each in in_order],
        [_problem(each, letter) for each, letter in zip(in_order, letters, strict=True)],
        now,
        [sha256(each.mail.bytes).digest() for each in in_order],
    )
    rows = await connection.fetch(
        "select id, zaak, toestand from mail where id = any ($1::uuid[])",
        [each.mail for each in in_order],
    )
    told = [announcer.mail_failed(row[0], row[1], row[2], now) for row in rows]
    await send(connection, (), told, now)


async def mark(connection: Connection, mails: Sequence[Undeliverable], now: datetime) -> None:
    """Later mails to their addresses are withheld; what was known first stays on record."""
    if not mails:
        return
    await connection.execute(
        """
        insert into onbestelbaar (adres, mail, status, moment)
        select distinct on (1) lower(m.adres collate "C"), m.id, nieuw.status, $1
        from unnest($2::uuid[], $3::text[]) with ordinality as nieuw (mail, status, nummer)
        join mail as m on m.id = nieuw.mail
        order by 1, nieuw.nummer
        on conflict (adres) do nothing
        """,
        now,
        [each.mail for each in mails],
        [each.status for each in mails],
    )


def _problem(failed: FailedMail, letter: UUID) -> str:
    violation = Violation(Code.MAIL_MISLUKT, failed.reason)
    return orjson.dumps(problem((violation,), f"urn:uuid:{letter}")).decode()
