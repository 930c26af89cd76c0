"""One transaction of the intake: claim, look up, write; each a constant number of statements.

Locks are taken in one order by every transaction of the program, each by key:
gebonden_token, bericht, zaak, dead_letter, mail, notificatie, outbox.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from worker.envelope import Rejection
from worker.postgres import inbox, lookups, writing
from worker.postgres.dead_letters import resolve_siblings, store_dead_letters
from worker.postgres.pool import transaction
from worker.registration import Acceptance, Claims, Repetition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.domain.facts import Facts
    from worker.outcomes import Announcement, Announcer
    from worker.postgres.pool import Connection, Pool
    from worker.registration import Judged, Registration


class Registrations:
    """The intake's store on PostgreSQL."""

    def __init__(self, pool: Pool, announcer: Announcer) -> None:
        self._pool = pool
        self._announcer = announcer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """All of a batch or nothing; raises Outage or BatchRejected."""
        async with transaction(self._pool) as connection:
            yield Transaction(connection, self._announcer)


class Transaction:
    """What the intake does within one transaction."""

    def __init__(self, connection: Connection, announcer: Announcer) -> None:
        self._connection = connection
        self._announcer = announcer

    async def claim(self, asked: Sequence[Registration], now: datetime) -> Claims:
        """Claim the keys of all, first those of tokens that are bound to one message.

        Another transaction that holds a key is waited for, so two workers with the same
        message never both find it new. Sorted by key, so that they never wait for each other.
        """
        reused = await inbox.bind_tokens(self._connection, asked, now)
        fresh = [each for each in asked if each.envelope.key not in reused]
        earlier = await inbox.claim(self._connection, fresh, now) if fresh else {}
        return Claims(earlier, reused)

    async def facts(self, asked: Sequence[Registration]) -> Facts:
        """Look up what the rules need, with the zaken locked against closing meanwhile."""
        return await lookups.facts(self._connection, asked)

    async def write(self, judged: Sequence[Judged], now: datetime) -> dict[UUID, UUID]:
        """Store what was registered and what was refused; see the Protocol."""
        accepted = [each for each in judged if isinstance(each, Acceptance)]
        rejected = [each for each in judged if isinstance(each, Rejection)]
        told: list[Announcement] = []
        kept: dict[UUID, UUID] = {}
        mails: list[UUID] = []
        if rejected:
            await inbox.release(self._connection, [each.claim for each in rejected if each.claim])
            kept = await store_dead_letters(self._connection, rejected, now)
        if accepted:
            await resolve_siblings(self._connection, accepted, now)
            mails = await writing.store(self._connection, accepted, now)
        for each in judged:
            told += self._announced(each, kept, now)
        await writing.send(self._connection, mails, told, now)
        return kept

    def _announced(
        self, judged: Judged, kept: dict[UUID, UUID], now: datetime
    ) -> list[Announcement]:
        match judged:
            case Acceptance():
                return self._announcer.registered(judged, now)
            case Repetition():
                return self._announcer.repeated(judged, now)
            case Rejection():
                return self._announcer.refused(judged, kept[judged.id], now)
