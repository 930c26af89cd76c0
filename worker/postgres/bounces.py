"""Reports of what came back, put on record with the mail that they are about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from worker.errors import on_new_sessions
from worker.postgres.mail_letters import (
    FailedMail,
    Undeliverable,
    lock_letters,
    mark,
    put_failed,
)
from worker.postgres.pool import transaction
from worker.returned import Outcome, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.delivery_status import Status
    from worker.outcomes import Announcer
    from worker.postgres.pool import Connection, Pool
    from worker.returned import Bounce


_FACTS: Final = {Outcome.CAME_BACK, Outcome.DELAYED}


@dataclass(frozen=True, slots=True)
class _Fact:
    """What is new of a mail, for the record."""

    bounce: Bounce
    verdict: Verdict
    status: Status


class PostgresBounces:
    """The store of bounces on PostgreSQL."""

    def __init__(self, pool: Pool, announcer: Announcer) -> None:
        self._pool = pool
        self._announcer = announcer

    @on_new_sessions
    async def put(self, bounces: Sequence[Bounce], now: datetime) -> list[Verdict]:
        """All of a batch or nothing; raises Outage or BatchRejected.

        A report that came before changes nothing: somebody may have dealt with it meanwhile.
        """
        async with transaction(self._pool) as connection:
            sent_to = await _lock(connection, sorted({each.mail for each in bounces}))
            verdicts = [_judged(each, sent_to) for each in bounces]
            facts = {
                bounce.id: _Fact(bounce, verdict, verdict.status)
                for bounce, verdict in zip(bounces, verdicts, strict=True)
                if verdict.status and verdict.outcome in _FACTS
            }
            fresh = await _attempts(connection, list(facts.values()), now) if facts else set()
            came_back = [
                each
                for name, each in facts.items()
                if name in fresh and each.verdict.outcome is Outcome.CAME_BACK
            ]
            if came_back:
                await self._fail(connection, came_back, now)
                await mark(connection, _undeliverable(came_back), now)
        return list(_told(bounces, verdicts, facts.keys() - fresh))

    async def _fail(
        self, connection: Connection, came_back: Sequence[_Fact], now: datetime
    ) -> None:
        """Only what counts as sent, or may have been: what is on its way again is left to that."""
        by_mail = {each.bounce.mail: each for each in came_back}
        in_order = [by_mail[mail] for mail in sorted(by_mail)]
        rows = await connection.fetch(
            """
            update mail set
                toestand = 'mislukt', opnieuw = null, verzonden = null,
                antwoord = nieuw.antwoord, code = nieuw.code
            from unnest($1::uuid[], $2::text[], $3::smallint[]) as nieuw (id, antwoord, code)
            where mail.id = nieuw.id and mail.toestand in ('verzonden', 'onzeker')
            returning mail.id
            """,
            [each.bounce.mail for each in in_order],
            [_words(each.status) for each in in_order],
            [each.status.smtp_code for each in in_order],
        )
        failed = [FailedMail(row[0], _reason(by_mail[row[0]].status)) for row in rows]
        await put_failed(connection, failed, now, self._announcer)


def _judged(bounce: Bounce, sent_to: dict[UUID, str]) -> Verdict:
    adres = sent_to.get(bounce.mail)
    return Verdict(Outcome.UNKNOWN) if adres is None else judge(bounce, adres)


def _told(
    bounces: Sequence[Bounce], verdicts: Sequence[Verdict], old: set[UUID]
) -> Iterator[Verdict]:
    """What became of each; `old` are those on record before, and one is new only once."""
    for bounce, verdict in zip(bounces, verdicts, strict=True):
        known = bounce.id in old
        yield replace(verdict, outcome=Outcome.ON_RECORD) if known else verdict
        if verdict.outcome in _FACTS:
            old.add(bounce.id)


async def _lock(connection: Connection, mails: Sequence[UUID]) -> dict[UUID, str]:
    """The addresses of the mails that there are, by mail; their dead letters are locked first."""
    await lock_letters(connection, mails)
    rows = await connection.fetch(
        "select id, adres from mail where id = any ($1::uuid[]) order by id for update", mails
    )
    return {row[0]: row[1] for row in rows}


async def _attempts(connection: Connection, facts: Sequence[_Fact], now: datetime) -> set[UUID]:
    """Add what is not there yet; returns the ids of that."""
    rows = await connection.fetch(
        """
        insert into mail_poging (id, mail, moment, toestand, code, status, antwoord)
        select nieuw.id, nieuw.mail, $1, nieuw.toestand, nieuw.code, nieuw.status, nieuw.antwoord
        from unnest($2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::text[], $7::text[])
            as nieuw (id, mail, toestand, code, status, antwoord)
        on conflict (id) do nothing
        returning id
        """,
        now,
        [each.bounce.id for each in facts],
        [each.bounce.mail for each in facts],
        [str(each.verdict.outcome) for each in facts],
        [each.status.smtp_code for each in facts],
        [each.status.code for each in facts],
        [_words(each.status) for each in facts],
    )
    return {row[0] for row in rows}


def _undeliverable(came_back: Sequence[_Fact]) -> list[Undeliverable]:
    return [
        Undeliverable(each.bounce.mail, code)
        for each in came_back
        if (code := each.verdict.undeliverable)
    ]


def _words(status: Status) -> str:
    """What the mail server said; where the report has none of it, what the report said."""
    return status.words or f"{status.action} ({status.code or 'no status'})"


def _reason(status: Status) -> str:
    code = status.code or "no status"
    return f"it came back undelivered ({code}); the mail server's words are kept with the recipient"
