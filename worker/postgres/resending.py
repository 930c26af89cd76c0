"""A mail sent again because somebody wants it: the same one, or a new one instead of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

from worker.domain.notifications import address_key
from worker.errors import UsageError
from worker.postgres import lookups
from worker.postgres.acting import ARCHIVE, Deed, act_within
from worker.postgres.mail_letters import MAIL_SOURCE
from worker.postgres.notifying import Posted
from worker.postgres.pool import transaction
from worker.postgres.resend_plan import Stuck, Wish, plan
from worker.postgres.retrying import Retry, retry_within
from worker.postgres.waiting import OUTBOX_CHANNEL
from worker.postgres.writing import send

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from worker.postgres.pool import Connection, Pool
    from worker.postgres.resend_plan import Anew

_RETRIED = {"open", "wacht"}


@dataclass(frozen=True, slots=True)
class Resent:
    """`mails` are on their way: the one that was asked for itself, or new ones instead of it.

    `toestand` is what the mail was, `unmarked` whether an address counted as undeliverable.
    """

    mails: Sequence[UUID]
    toestand: str
    unmarked: bool


async def resend(pool: Pool, mail: UUID, wish: Wish, retry: Retry) -> Resent:
    """Put it on its way; raises UsageError that says what to do instead.

    Locked in the order of the whole program: zaak, dead letter, mail, notificaties, outbox.
    """
    async with transaction(pool) as connection:
        zaak = await connection.fetchval("select zaak from mail where id = $1", mail)
        if zaak is None:
            raise UsageError(
                f"there is no mail {mail}; `klantcontact notificaties list` lists them"
            )
        facts = (await lookups.zaken(connection, {zaak})).get(zaak)
        stuck = await _locked(connection, mail)
        fresh = plan(stuck, facts, wish)
        if fresh:
            ids = await _send_anew(connection, stuck, fresh, retry)
        else:
            ids = [mail]
            await _send_same(connection, stuck, retry)
        addresses = [each.adres for each in fresh] or [stuck.adres]
        unmarked = await _unmark(connection, ids, addresses, retry)
    return Resent(ids, stuck.toestand, unmarked)


async def _locked(connection: Connection, mail: UUID) -> Stuck:
    letter = await connection.fetchrow(
        """
        select id, toestand from dead_letter
        where applicatie = '' and bron = $1 and bericht_id = $2
        order by laatste desc limit 1 for update
        """,
        MAIL_SOURCE,
        str(mail),
    )
    row = await connection.fetchrow(
        "select toestand, adres, soort from mail where id = $1 for update", mail
    )
    told = await connection.fetchrow(
        """
        select array(select distinct betrokkene from notificatie where mail = $1) as betrokkenen,
               (select id from mail where herhaalt = $1 order by id desc limit 1) as herhaald
        """,
        mail,
    )
    if row is None or told is None:
        raise UsageError(f"there is no mail {mail} any more")
    return Stuck(
        id=mail,
        toestand=row["toestand"],
        adres=row["adres"],
        soort=row["soort"],
        recipients=told["betrokkenen"],
        repeated=told["herhaald"],
        letter=None if letter is None else (letter["id"], letter["toestand"]),
    )


async def _send_same(connection: Connection, mail: Stuck, retry: Retry) -> None:
    """By way of its dead letter, so that there is one way; without, it is put there directly."""
    if mail.letter and mail.letter[1] in _RETRIED:
        await retry_within(connection, [mail.letter[0]], retry)
        return
    await connection.execute(
        "update mail set toestand = 'wacht', pogingen = 0, opnieuw = null where id = $1", mail.id
    )
    await _put_on_record(connection, [mail.id], "resend", retry)
    await connection.execute(
        """
        insert into outbox (id, soort, onderwerp, beschikbaar)
        values (gen_random_uuid(), 'mail', $1, $2)
        """,
        mail.id,
        retry.now,
    )
    await connection.execute("select pg_notify($1, '')", OUTBOX_CHANNEL)


async def _send_anew(
    connection: Connection, mail: Stuck, fresh: Sequence[Anew], retry: Retry
) -> list[UUID]:
    """A mail for each address, to which the notificaties of its betrokkenen move."""
    ids = [uuid7() for _ in fresh]
    await _make(connection, mail, ids, fresh, retry)
    moved = [(who, new) for new, each in zip(ids, fresh, strict=True) for who in each.recipients]
    await connection.execute(
        """
        update notificatie as n set mail = nieuw.mail
        from unnest($2::text[], $3::uuid[]) as nieuw (betrokkene, mail)
        where n.mail = $1 and n.betrokkene = nieuw.betrokkene
        """,
        mail.id,
        [each[0] for each in moved],
        [each[1] for each in moved],
    )
    await _put_on_record(connection, ids, "resend", retry)
    await send(connection, [Posted(each, retry.now) for each in ids], (), retry.now)
    return ids


async def _make(
    connection: Connection,
    mail: Stuck,
    ids: Sequence[UUID],
    fresh: Sequence[Anew],
    retry: Retry,
) -> None:
    """The mails; where they leave nobody to the old one, nobody needs to see to it any more."""
    everybody = {who for each in fresh for who in each.recipients} == set(mail.recipients)
    if everybody and mail.letter and mail.letter[1] in ARCHIVE.before:
        why = retry.reason or f"sent anew as mail {', '.join(map(str, ids))}"
        await act_within(connection, [mail.letter[0]], Deed(ARCHIVE, retry.by, why, retry.now))
    await connection.execute(
        """
        insert into mail (id, zaak, sleutel, soort, adres, naam, taal, toestand, gemaakt, herhaalt,
                          trace)
        select nieuw.id, oud.zaak, nieuw.sleutel, oud.soort, nieuw.adres, nieuw.naam, nieuw.taal,
               'wacht', $2, oud.id, oud.trace
        from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
            as nieuw (id, sleutel, adres, naam, taal)
        join mail as oud on oud.id = $1
        """,
        mail.id,
        retry.now,
        ids,
        [address_key(each.adres) for each in fresh],
        [each.adres for each in fresh],
        [each.naam for each in fresh],
        [each.taal for each in fresh],
    )


async def _unmark(
    connection: Connection, mails: Sequence[UUID], addresses: Sequence[str], retry: Retry
) -> bool:
    """Somebody vouches for the addresses: later mails to them are no longer withheld."""
    rows = await connection.fetch(
        "delete from onbestelbaar where adres = any ($1::text[]) returning adres",
        [address_key(each) for each in addresses],
    )
    gone = {row[0] for row in rows}
    marked = [
        mail for mail, adres in zip(mails, addresses, strict=True) if address_key(adres) in gone
    ]
    await _put_on_record(connection, marked, "unmark", retry)
    return bool(marked)


async def _put_on_record(
    connection: Connection, mails: Sequence[UUID], act: str, retry: Retry
) -> None:
    await connection.execute(
        """
        insert into mail_handeling (id, mail, handeling, door, reden, moment)
        select nieuw.id, nieuw.mail, $1, $2, $3, $4
        from unnest($5::uuid[], $6::uuid[]) as nieuw (id, mail)
        """,
        act,
        retry.by,
        retry.reason,
        retry.now,
        [uuid7() for _ in mails],
        mails,
    )
