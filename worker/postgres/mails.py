"""The mailer's store: claims and results of all senders, grouped into few statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.postgres.grouped import Grouped
from worker.postgres.pool import translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.mailer import Result
    from worker.postgres.pool import Pool


class PostgresMails:
    """Mails on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
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
        in_order = sorted(results, key=lambda each: each.mail)
        with translated():
            await self._pool.execute(
                """
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
            )
        return [None] * len(results)
