"""The mailer's store: claims and results of all senders, grouped into few statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.mailer import Sent
from worker.postgres.grouped import Grouped
from worker.postgres.mail_letters import MAIL_SOURCE, FailedMail, put_failed
from worker.postgres.pool import transaction, translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.mailer import Result
    from worker.outcomes import Announcer
    from worker.postgres.pool import Pool


_ENDED_UNSENT = {Sent.REFUSED, Sent.UNKNOWN}


class PostgresMails:
    """Mails on PostgreSQL."""

    def __init__(self, pool: Pool, announcer: Announcer) -> None:
        self._pool = pool
        self._announcer = announcer
        self._claims: Grouped[tuple[UUID, datetime], int | None] = Grouped(self._claim_all)
        self._results: Grouped[Result, None] = Grouped(self._record_all)

    async def claim(self, mail: UUID, until: datetime) -> int | None:
        """Only what is offered can be claimed: not what is in hand, sent, or put off."""
        return await self._claims.submit((mail, until))

    async def record(self, result: Result) -> None:
        """Committed when this returns."""
        await self._results.submit(result)

    async def _claim_all(self, asked: Sequence[tuple[UUID, datetime]]) -> list[int | None]:
        with translated():
            rows = await self._pool.fetch(
                """
                with gevraagd as (
                    select mail.id from mail
                    where id = any ($1::uuid[]) and toestand = 'aangeboden'
                    order by id for update
                )
                update mail set toestand = 'bezig', opnieuw = $2, pogingen = pogingen + 1
                from gevraagd where mail.id = gevraagd.id
                returning mail.id, mail.pogingen - 1
                """,
                [mail for mail, _ in asked],
                max(until for _, until in asked),
            )
        # The same job twice in one group: the first one gets the mail.
        claimed = {row[0]: row[1] for row in rows}
        return [claimed.pop(mail, None) for mail, _ in asked]

    async def _record_all(self, results: Sequence[Result]) -> list[None]:
        """A retried mail that is sent resolves its dead letter; a failed one becomes one."""
        in_order = sorted(results, key=lambda each: each.mail)
        failed = [each for each in in_order if each.answer.sent in _ENDED_UNSENT]
        async with transaction(self._pool) as connection:
            await connection.execute(
                """
                with goed as (
                    update dead_letter as d
                    set toestand = 'opgelost', laatste = nieuw.moment, opnieuw = null
                    from unnest($1::uuid[], $2::text[], $4::timestamptz[])
                        as nieuw (id, toestand, moment)
                    where d.applicatie = '' and d.bron = $6 and d.bericht_id = nieuw.id::text
                      and d.toestand = 'hervat' and nieuw.toestand = 'verzonden'
                )
                update mail set
                    toestand = nieuw.toestand, antwoord = nieuw.antwoord, opnieuw = nieuw.opnieuw,
                    verzonden = case when nieuw.toestand = 'verzonden' then nieuw.moment end
                from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[],
                            $5::timestamptz[]) as nieuw (id, toestand, antwoord, moment, opnieuw)
                where mail.id = nieuw.id
                """,
                [each.mail for each in in_order],
                [each.answer.sent.value for each in in_order],
                [each.answer.words.replace("\x00", "") for each in in_order],
                [each.moment for each in in_order],
                [each.again for each in in_order],
                MAIL_SOURCE,
            )
            await put_failed(
                connection,
                [_failed(each) for each in failed],
                in_order[-1].moment,
                self._announcer,
            )
        return [None] * len(results)


def _failed(result: Result) -> FailedMail:
    code = result.answer.code
    if result.answer.sent is Sent.UNKNOWN:
        reason = "the mail server fell silent after the mail: it may have been delivered or not"
    else:
        reason = f"the mail server refused it ({code})" if code else "it could not be handed over"
    return FailedMail(result.mail, f"{reason}; its words are kept with the recipient")
