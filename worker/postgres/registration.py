"""One transaction of the intake: claim, look up, write; each a constant number of statements.

Locks are taken in one order by every transaction of the program, each by key:
gebonden_token, bericht, zaak, dead_letter, mail, notificatie, outbox.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from worker.envelope import Rejection
from worker.errors import Code
from worker.postgres import inbox, lookups, mending, resuming, waiting, writing
from worker.postgres.dead_letters import beyond_room, identity_of, store_dead_letters
from worker.postgres.notifying import notify
from worker.postgres.pool import transaction
from worker.registration import Acceptance, Claims, Repetition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.domain.facts import Facts
    from worker.envelope import Key, Resumed
    from worker.outcomes import Announcement, Announcer
    from worker.postgres.notifying import Posted
    from worker.postgres.pool import Connection, Pool
    from worker.registration import Judged, Registration


class Registrations:
    """The intake's store on PostgreSQL."""

    def __init__(self, pool: Pool, announcer: Announcer, window: timedelta) -> None:
        self._pool = pool
        self._announcer = announcer
        self._window = window

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """All of a batch or nothing; raises Outage or BatchRejected."""
        async with transaction(self._pool) as connection:
            yield Transaction(connection, self._announcer, self._window)


class Transaction:
    """What the intake does within one transaction."""

    def __init__(self, connection: Connection, announcer: Announcer, window: timedelta) -> None:
        self._connection = connection
        self._announcer = announcer
        self._window = window
        self._arrived: set[str] = set()

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
        """Look up what the rules need, with the zaken locked against closing meanwhile.

        Those that are missing are locked against coming, before any dead letter is: whoever
        stores them does it in that order.
        """
        found = await lookups.facts(self._connection, asked)
        wanted = {zaak for each in asked if (zaak := each.klantcontact.zaak)}
        missing = wanted - found.zaken.keys()
        self._arrived = await waiting.known_meanwhile(self._connection, missing)
        return found

    async def still_due(self, resumed: Sequence[Resumed]) -> set[UUID]:
        """Lock the dead letters; see the Protocol."""
        return await resuming.hold(self._connection, resumed)

    async def release(self, claims: Sequence[Key]) -> None:
        """Give claims back."""
        await inbox.release(self._connection, list(claims))

    async def beyond_room(self, waiting: Sequence[Rejection]) -> set[UUID]:
        """Those for which there is no room; see the Protocol."""
        return await beyond_room(self._connection, waiting)

    async def write(self, judged: Sequence[Judged], now: datetime) -> dict[UUID, UUID]:
        """Store what was registered and what was refused; see the Protocol."""
        current = self._at_once(judged, now)
        accepted = [each for each in current if isinstance(each, Acceptance)]
        rejected = [each for each in current if isinstance(each, Rejection)]
        if accepted and rejected:
            await resuming.lock(
                self._connection,
                {identity_of(each)[:3] for each in rejected}
                | {each.registration.envelope.key for each in accepted},
            )
        # First what was refused before: what comes at once with a good message stays open.
        await self._resolve(current, now)
        kept = await self._reject(rejected, now)
        mails: list[Posted] = []
        if accepted:
            await writing.store(self._connection, accepted, now)
            await mending.keep(self._connection, accepted)
            mails = await notify(self._connection, accepted, self._window, now)
        told: list[Announcement] = []
        for each in current:
            told += self._announced(each, kept, now)
        await writing.send(self._connection, mails, told, now)
        return kept

    def _at_once(self, judged: Sequence[Judged], now: datetime) -> list[Judged]:
        """What was judged without its zaak, and the zaak came meanwhile, comes again at once."""
        return [
            replace(each, again=now)
            if _lacks_its_zaak(each) and each.zaak in self._arrived
            else each
            for each in judged
        ]

    async def _reject(self, rejected: Sequence[Rejection], now: datetime) -> dict[UUID, UUID]:
        """Put away what came for the first time, and put back what was taken out."""
        if not rejected:
            return {}
        await inbox.release(self._connection, [each.claim for each in rejected if each.claim])
        fresh = [each for each in rejected if each.resumed is None]
        resumed = [each for each in rejected if each.resumed is not None]
        kept = await store_dead_letters(self._connection, fresh, now) if fresh else {}
        if resumed:
            kept |= await resuming.put_back(self._connection, resumed, now)
        return kept

    async def _resolve(self, judged: Sequence[Judged], now: datetime) -> None:
        """By key whatever was refused before, and by its id what has another key by now."""
        made = [each for each in judged if isinstance(each, Acceptance | Repetition)]
        await resuming.resolve_siblings(
            self._connection,
            {
                each.registration.envelope.key: each.klantcontact
                for each in made
                if isinstance(each, Acceptance)
            },
            [resumed.dead_letter for each in made if (resumed := each.registration.resumed)],
            now,
        )
        await resuming.resolve(
            self._connection,
            {
                resumed.dead_letter: each.klantcontact
                for each in made
                if (resumed := each.registration.resumed)
                and not (
                    isinstance(each, Acceptance) and resumed.key == each.registration.envelope.key
                )
            },
            now,
        )

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


def _lacks_its_zaak(judged: Judged) -> TypeGuard[Rejection]:
    return isinstance(judged, Rejection) and judged.code is Code.ZAAK_ONBEKEND
