"""Mail jobs that the broker dead-lettered: offered again, or given up."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from worker.errors import Code
from worker.postgres.mail_letters import FailedMail, lock_letters, put_failed
from worker.sink import Outcome, Sunk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.deaths import Dead
    from worker.outcomes import Announcer
    from worker.postgres.pool import Connection

_UNDELIVERABLE: Final = 3
_SPENT: Final = "the broker handed the job out too often, and no mailer was able to deal with it"


async def give_back(
    connection: Connection,
    mails: Sequence[Dead],
    now: datetime,
    again: datetime,
    announcer: Announcer,
) -> dict[UUID, Sunk]:
    """What became of each, by its rejection's id; `again` is when they are offered again.

    Not at once: a broker that turns away whatever it is given would be kept busy with it.
    """
    spent = {each.mail for each in mails if each.mail and _spent(each)}
    spent |= await _undeliverable_again(
        connection, sorted({each.mail for each in mails if each.mail and _undeliverable(each)}), now
    )
    others = {each.mail for each in mails if each.mail} - spent
    hopeless = await _give_up(connection, sorted(spent)) if spent else set()
    failed = [FailedMail(mail, _SPENT) for mail in sorted(hopeless)]
    await put_failed(connection, failed, now, announcer)
    offered = await _offer_again(connection, sorted(others), again) if others else set()
    return {each.rejection.id: Sunk(_outcome(each.mail, offered, hopeless)) for each in mails}


def _spent(dead: Dead) -> bool:
    """Returned too often: it is the job that is the matter, not the queue."""
    return dead.rejection.code is Code.BROKER_DELIVERY_LIMIT


def _undeliverable(dead: Dead) -> bool:
    return dead.rejection.code is Code.BROKER_UNDELIVERABLE


async def _undeliverable_again(
    connection: Connection, mails: Sequence[UUID], now: datetime
) -> set[UUID]:
    """Those whose job the broker could not deliver more often than may be chance.

    A job is written anew each time that it is offered, and each time its queue would stand still.
    """
    if not mails:
        return set()
    by_digest = {sha256(b"onleverbaar" + each.bytes).digest(): each for each in mails}
    rows = await connection.fetch(
        """
        insert into poging as p (digest, aantal, laatste)
        select digest, 1, $2 from unnest($1::bytea[]) as nieuw (digest)
        on conflict (digest) do update
            set aantal = p.aantal + 1, laatste = excluded.laatste
        returning digest, aantal
        """,
        sorted(by_digest),
        now,
    )
    return {by_digest[row[0]] for row in rows if row[1] >= _UNDELIVERABLE}


def _outcome(mail: UUID | None, offered: set[UUID], hopeless: set[UUID]) -> Outcome:
    if mail in hopeless:
        return Outcome.GIVEN_UP
    return Outcome.OFFERED_AGAIN if mail in offered else Outcome.OVERTAKEN


async def _offer_again(connection: Connection, mails: Sequence[UUID], again: datetime) -> set[UUID]:
    """Only what nobody has in hand: the others have a clock of their own, which is still right."""
    rows = await connection.fetch(
        """
        with gevraagd as (
            select id from mail
            where id = any ($1::uuid[]) and toestand = 'aangeboden'
            order by id for update
        )
        update mail set opnieuw = least(mail.opnieuw, $2)
        from gevraagd where mail.id = gevraagd.id
        returning mail.id
        """,
        mails,
        again,
    )
    return {row[0] for row in rows}


async def _give_up(connection: Connection, mails: Sequence[UUID]) -> set[UUID]:
    await lock_letters(connection, mails)
    rows = await connection.fetch(
        """
        with gevraagd as (
            select id from mail
            where id = any ($1::uuid[])
              and toestand in ('wacht', 'aangeboden', 'bezig', 'uitgesteld')
            order by id for update
        )
        update mail set toestand = 'mislukt', opnieuw = null, antwoord = $2
        from gevraagd where mail.id = gevraagd.id
        returning mail.id
        """,
        mails,
        _SPENT,
    )
    return {row[0] for row in rows}
