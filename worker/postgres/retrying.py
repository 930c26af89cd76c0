"""Dead letters sent on their way again, each with who wanted it in its history.

What was changed here goes in the same transaction as the outbox rows that bring it about. Rows
of a page are never waited for, so that no command stands in the way of the intake or of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

from worker.errors import UsageError
from worker.postgres.choosing import chosen
from worker.postgres.objections import no_retry, refuse
from worker.postgres.pages import page
from worker.postgres.pool import transaction
from worker.postgres.waiting import OUTBOX_CHANNEL, RECALLED_TOGETHER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.postgres.choosing import Choice, Place
    from worker.postgres.pages import Page
    from worker.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Retry:
    """Who retries and why, and what they allow: to be old (`late`), and an id of its own.

    `lease` is how long each is left to the intake before it is offered again.
    """

    by: str
    reason: str | None
    now: datetime
    lease: timedelta
    late: bool = False
    new_id: bool = False


async def retry_ids(pool: Pool, ids: Sequence[UUID], retry: Retry) -> None:
    """All of them or none; raises UsageError with a line for each that cannot be retried."""
    async with transaction(pool) as connection:
        await retry_within(connection, ids, retry)


async def retry_within(connection: Connection, ids: Sequence[UUID], retry: Retry) -> None:
    """The same, as a part of somebody's transaction."""
    asked = list(dict.fromkeys(ids))
    rows = await connection.fetch(
        """
        select d.id, d.toestand, d.queue, d.klantcontact, m.toestand as mail
        from dead_letter as d
        left join mail as m on d.queue = 'klantcontact.notificatie.email' and m.id =
            case when d.bericht_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                 then d.bericht_id::uuid end
        where d.id = any ($1::uuid[])
        order by d.applicatie, d.bron, d.bericht_id, d.digest
        for update of d
        """,
        asked,
    )
    refuse(asked, rows, partial(no_retry, allowing=retry.late or retry.new_id), "retried")
    if len(await _retry(connection, asked, retry)) < len(asked):
        raise UsageError("nothing was retried: somebody else has a mail of it in hand; try again")


async def retry_page(
    pool: Pool, choice: Choice, retry: Retry, most: int, after: Place | None
) -> Page:
    """Up to `most` of those that are meant, from `after` on, in one transaction.

    What somebody else has in hand, and what cannot be retried, is passed over.
    """
    async with transaction(pool) as connection:
        places = await chosen(connection, choice, most, after)
        done = await _retry(connection, [each[1] for each in places], retry) if places else []
    return page(places, done, most)


async def _retry(connection: Connection, ids: Sequence[UUID], retry: Retry) -> list[UUID]:
    """Those that could be; of a mail the dead letter has no lease, for the mail has one."""
    rows = await connection.fetch(
        """
        with gevraagd as (
            select * from unnest($1::uuid[], $2::uuid[], $3::text[]) as g (id, handeling, nieuw_id)
        ), vrij as (
            select d.id, d.queue, d.bericht_id, g.handeling, g.nieuw_id
            from gevraagd as g join dead_letter as d using (id)
            where d.toestand in ('open', 'wacht')
              and (starts_with(d.queue, 'klantcontact.registratie.')
                   or not $4::boolean and g.nieuw_id is null
                      and d.queue in ('klantcontact.zaken', 'klantcontact.notificatie.email'))
            order by d.applicatie, d.bron, d.bericht_id, d.digest
            for update of d skip locked
        ), post as (
            select m.id, vrij.id as dead_letter
            from vrij join mail as m on vrij.queue = 'klantcontact.notificatie.email' and m.id =
                case when vrij.bericht_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                     then vrij.bericht_id::uuid end
            where m.toestand in ('mislukt', 'onzeker')
            order by m.id
            for update of m skip locked
        ), opnieuw as (
            update mail set toestand = 'wacht', pogingen = 0, opnieuw = null
            from post where mail.id = post.id
        ), gaat as (
            update dead_letter as d set
                toestand = 'hervat', opnieuw = case when post.id is null then $5::timestamptz end,
                ook_verlopen = $4, nieuw_id = vrij.nieuw_id
            from vrij left join post on post.dead_letter = vrij.id
            where d.id = vrij.id
              and (post.id is not null or vrij.queue <> 'klantcontact.notificatie.email')
            returning d.id, vrij.handeling, d.nieuw_id, post.id as mail
        ), mails_uit as (
            insert into outbox (id, soort, onderwerp, beschikbaar)
            select gen_random_uuid(), 'mail', mail, $6::timestamptz
            from gaat where mail is not null
        ), deel as (
            select id, (row_number() over () - 1) / $9 as nummer from gaat where mail is null
        ), berichten_uit as (
            insert into outbox (id, soort, onderwerp, beschikbaar, inhoud)
            select gen_random_uuid(), 'hervat', (array_agg(id))[1], $6,
                   string_agg(uuid_send(id), '')
            from deel group by nummer
        ), op_schrift as (
            insert into dead_letter_handeling
                (id, dead_letter, handeling, door, reden, moment, bijzonderheden)
            select handeling, id, 'retry', $7, $8, $6,
                   nullif(jsonb_strip_nulls(jsonb_build_object(
                       'accept_late', case when $4 then true end, 'new_id', nieuw_id)), '{}')
            from gaat
        )
        select id from gaat
        """,
        list(ids),
        [uuid7() for _ in ids],
        [str(uuid7()) if retry.new_id else None for _ in ids],
        retry.late,
        retry.now + retry.lease,
        retry.now,
        retry.by,
        retry.reason,
        RECALLED_TOGETHER,
    )
    await connection.execute("select pg_notify($1, '')", OUTBOX_CHANNEL)
    return [row[0] for row in rows]
