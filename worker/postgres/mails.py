"""The mailer's store: claims and results, each many at once in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from worker.errors import on_new_sessions
from worker.mailer import Claim, Sent
from worker.postgres.mail_letters import (
    MAIL_SOURCE,
    FailedMail,
    Undeliverable,
    lock_letters,
    mark,
    put_failed,
)
from worker.postgres.pool import session, transaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.mailer import Result
    from worker.outcomes import Announcer
    from worker.postgres.pool import Connection, Pool


_ENDED_UNSENT = {Sent.REFUSED, Sent.UNKNOWN}


class PostgresMails:
    """Mails on PostgreSQL."""

    def __init__(self, pool: Pool, announcer: Announcer) -> None:
        self._pool = pool
        self._announcer = announcer

    async def claim(
        self, mails: Sequence[UUID], until: datetime, enough: datetime
    ) -> dict[UUID, Claim]:
        """Only what is offered can be claimed: not what is in hand, sent, or put off.

        A lease that is left as it is spares its index, and three more with it (a HOT update).
        Nobody waits for the disk: a claim that is lost with the server, is lost with all that
        came after it. A mail without an answer never came to its end, so it has no dead letter.
        """
        async with session(self._pool) as connection:
            rows = await connection.fetch(
                """
                with gevraagd as (
                    select mail.id from mail
                    where id = any ($1::uuid[]) and toestand = 'aangeboden'
                    order by id for update
                ), terloops as (
                    select set_config('synchronous_commit', 'off', true)
                )
                update mail set
                    toestand = 'bezig',
                    opnieuw = case when mail.opnieuw >= $3 then mail.opnieuw else $2 end
                from gevraagd, terloops where mail.id = gevraagd.id
                returning mail.id, mail.pogingen, mail.antwoord is not null, mail.opnieuw
                """,
                mails,
                until,
                enough,
            )
        return {row[0]: Claim(row[1], row[3], row[2]) for row in rows}

    async def give_back(self, leases: Mapping[UUID, datetime], now: datetime) -> None:
        """Only what is still claimed by that lease; a relay offers it anew at once."""
        in_order = sorted(leases)
        async with session(self._pool) as connection:
            await connection.execute(
                """
                with gevraagd as (
                    select m.id
                    from unnest($1::uuid[], $2::timestamptz[]) as geleend (id, tot)
                    join mail as m on m.id = geleend.id
                    where m.toestand = 'bezig' and m.opnieuw = geleend.tot
                    order by m.id for update of m
                )
                update mail set toestand = 'aangeboden', opnieuw = $3
                from gevraagd where mail.id = gevraagd.id
                """,
                in_order,
                [leases[mail] for mail in in_order],
                now,
            )

    @on_new_sessions
    async def record(self, results: Sequence[Result]) -> None:
        """Committed when this returns; with nothing more to do it is one statement."""
        in_order = sorted(results, key=lambda each: each.mail)
        failed = [each for each in in_order if each.state in _ENDED_UNSENT]
        resolved = [each for each in in_order if each.ended and each.state is Sent.ACCEPTED]
        if not failed and not resolved:
            async with session(self._pool) as connection:
                await _record(connection, in_order)
            return
        async with transaction(self._pool) as connection:
            if failed:
                await lock_letters(connection, [each.mail for each in failed])
            await _resolve(connection, resolved)
            changed = await _record(connection, in_order)
            unsent = [each for each in failed if each.mail in changed]
            now = in_order[-1].moment
            await put_failed(connection, [_failed(each) for each in unsent], now, self._announcer)
            await mark(connection, _undeliverable(unsent), now)


async def _resolve(connection: Connection, sent: Sequence[Result]) -> None:
    """A retried mail that is sent resolves its dead letter."""
    if not sent:
        return
    await connection.execute(
        """
        update dead_letter as d
        set toestand = 'opgelost', laatste = nieuw.moment, opnieuw = null,
            pogingen = d.pogingen + 1
        from unnest($1::text[], $2::timestamptz[]) as nieuw (mail, moment)
        where d.applicatie = '' and d.bron = $3 and d.bericht_id = nieuw.mail
          and d.toestand = 'hervat'
        """,
        [str(each.mail) for each in sent],
        [each.moment for each in sent],
        MAIL_SOURCE,
    )


async def _record(connection: Connection, results: Sequence[Result]) -> set[UUID]:
    """The attempts, and what they make of the mails; returns those that they change.

    What was sent stays sent: somebody whose lease ran out may have come after all.
    """
    rows = await connection.fetch(
        """
        with nieuw as (
            select * from unnest(
                $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::text[],
                $7::timestamptz[], $8::timestamptz[]
            ) as nieuw (poging, mail, toestand, uitkomst, code, antwoord, moment, opnieuw)
        ), poging as (
            insert into mail_poging (id, mail, moment, toestand, code, antwoord)
            select poging, mail, moment, uitkomst, code, antwoord from nieuw
        )
        update mail set
            toestand = nieuw.toestand, code = nieuw.code, antwoord = nieuw.antwoord,
            opnieuw = nieuw.opnieuw, pogingen = mail.pogingen + 1,
            verzonden = case when nieuw.toestand = 'verzonden' then nieuw.moment end
        from nieuw
        where mail.id = nieuw.mail and mail.toestand <> 'verzonden'
        returning mail.id
        """,
        *zip(*map(_row, results), strict=True),
    )
    return {row[0] for row in rows}


def _row(result: Result) -> tuple[Any, ...]:
    answer = result.answer
    return (
        uuid7(),
        result.mail,
        result.state.value,
        answer.sent.value,
        answer.code,
        _storable(answer.words),
        result.moment,
        result.again,
    )


def _storable(words: str) -> str:
    """Without what PostgreSQL cannot keep in a text: NUL, and bytes that were no UTF-8."""
    return words.replace("\x00", "").encode(errors="replace").decode()


def _undeliverable(refused: Sequence[Result]) -> list[Undeliverable]:
    return [
        Undeliverable(each.mail, code) for each in refused if (code := each.answer.undeliverable)
    ]


def _failed(result: Result) -> FailedMail:
    code = result.answer.code
    if result.state is Sent.UNKNOWN:
        reason = "the mail server fell silent after the mail: it may have been delivered or not"
    else:
        reason = f"the mail server refused it ({code})" if code else "it could not be handed over"
    return FailedMail(result.mail, f"{reason}; its words are kept with the recipient")
