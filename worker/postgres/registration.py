"""One transaction of the intake: claim, look up, write; each a constant number of statements.

Locks are taken in one order by every transaction of the program, each by key:
bericht, zaak, dead_letter, mail, notificatie, outbox.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from worker.postgres import lookups, writing
from worker.postgres.dead_letters import resolve_siblings, store_dead_letters
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.domain.facts import Facts
    from worker.envelope import Key, Rejection
    from worker.postgres.pool import Connection, Pool
    from worker.registration import Acceptance, Registration


class Registrations:
    """The intake's store on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """All of a batch or nothing; raises Outage or BatchRejected."""
        async with transaction(self._pool) as connection:
            yield Transaction(connection)


class Transaction:
    """What the intake does within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim(self, asked: Sequence[Registration], now: datetime) -> dict[Key, bytes]:
        """Claim the keys of all; return those that were registered before, with the digest.

        Another transaction that holds a key is waited for, so two workers with the same
        message never both find it new. Sorted by key, so that they never wait for each other.
        """
        in_order = sorted(asked, key=lambda each: each.envelope.key)
        keys = [each.envelope.key for each in in_order]
        applicaties, sources, ids = (list(column) for column in zip(*keys, strict=True))
        claimed = await self._connection.fetchval(
            """
            with nieuw as (
                insert into bericht
                    (applicatie, bron, bericht_id, digest, klantcontact, geregistreerd)
                select applicatie, bron, bericht_id, digest, klantcontact, $6
                from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::uuid[])
                    as nieuw (applicatie, bron, bericht_id, digest, klantcontact)
                on conflict do nothing
                returning 1
            )
            select count(*) from nieuw
            """,
            applicaties,
            sources,
            ids,
            [each.digest for each in in_order],
            [each.id for each in in_order],
            now,
        )
        if claimed == len(in_order):
            return {}
        return await self._registered_before(keys, [each.id for each in in_order])

    async def _registered_before(self, keys: list[Key], claims: list[UUID]) -> dict[Key, bytes]:
        applicaties, sources, ids = (list(column) for column in zip(*keys, strict=True))
        rows = await self._connection.fetch(
            """
            select b.applicatie, b.bron, b.bericht_id, b.digest
            from unnest($1::text[], $2::text[], $3::text[])
                as gevraagd (applicatie, bron, bericht_id)
            join bericht as b using (applicatie, bron, bericht_id)
            where b.klantcontact <> all ($4::uuid[])
            """,
            applicaties,
            sources,
            ids,
            claims,
        )
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    async def facts(self, asked: Sequence[Registration]) -> Facts:
        """Look up what the rules need, with the zaken locked against closing meanwhile."""
        return await lookups.facts(self._connection, asked)

    async def write(
        self, accepted: Sequence[Acceptance], rejected: Sequence[Rejection], now: datetime
    ) -> dict[UUID, UUID]:
        """Store what was registered and what was refused; see the Protocol."""
        kept: dict[UUID, UUID] = {}
        if rejected:
            await self._release([each.claim for each in rejected if each.claim])
            kept = await store_dead_letters(self._connection, rejected, now)
        if accepted:
            await resolve_siblings(self._connection, accepted, now)
            await writing.store(self._connection, accepted, now)
        return kept

    async def _release(self, claims: list[Key]) -> None:
        """A refused message is judged anew when it comes again, so its claim goes."""
        if not claims:
            return
        applicaties, sources, ids = (list(column) for column in zip(*claims, strict=True))
        await self._connection.execute(
            """
            delete from bericht as b
            using unnest($1::text[], $2::text[], $3::text[])
                as vrij (applicatie, bron, bericht_id)
            where (b.applicatie, b.bron, b.bericht_id)
                = (vrij.applicatie, vrij.bron, vrij.bericht_id)
            """,
            applicaties,
            sources,
            ids,
        )
