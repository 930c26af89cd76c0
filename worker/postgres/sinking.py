"""What the broker dead-lettered, put on record: nothing twice, and nothing that was registered.

A delivery may come again after a crash between commit and acknowledgement, and somebody may have
dealt with it meanwhile. So what the broker says of its death is held against what is on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.errors import on_new_sessions
from worker.postgres import recalled, spent_mails, writing
from worker.postgres.dead_letters import (
    identity_of,
    json_text,
    properties_of,
    store_dead_letters,
)
from worker.postgres.pool import transaction
from worker.sink import Outcome, Sunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.deaths import Dead
    from worker.outcomes import Announcement, Announcer
    from worker.postgres.pool import Connection, Pool

Found = dict["UUID", Sunk]
"""What became of each, by its rejection's id."""


class PostgresSink:
    """The sink's store on PostgreSQL; mails that came back are offered again after `pause`."""

    def __init__(self, pool: Pool, announcer: Announcer, pause: timedelta) -> None:
        self._pool = pool
        self._announcer = announcer
        self._pause = pause

    @on_new_sessions
    async def put(self, dead: Sequence[Dead], now: datetime) -> list[Sunk]:
        """All of a batch or nothing; raises Outage or BatchRejected."""
        letters = [each for each in dead if not each.dead_letter and not each.mail]
        retries = [each for each in dead if each.dead_letter]
        mails = [each for each in dead if each.mail]
        async with transaction(self._pool) as connection:
            found = await _already_registered(connection, letters, now) if letters else {}
            left = [each for each in letters if each.rejection.id not in found]
            await _lock(connection, left, retries)
            told: list[Announcement] = []
            if left:
                found |= await self._keep(connection, left, now, told)
            if retries:
                found |= await recalled.reopen(connection, retries, now, self._announcer, told)
            if mails:
                found |= await spent_mails.give_back(
                    connection, mails, now, now + self._pause, self._announcer
                )
            await writing.send(connection, [], told, now)
        return [found[each.rejection.id] for each in dead]

    async def _keep(
        self,
        connection: Connection,
        letters: Sequence[Dead],
        now: datetime,
        told: list[Announcement],
    ) -> Found:
        """Count what is new, and let its sender know."""
        found = await _on_record(connection, letters)
        # The newest death goes on record, by which the same deliveries are known again.
        fresh = [each for each in reversed(letters) if each.rejection.id not in found]
        if not fresh:
            return found
        kept = await store_dead_letters(connection, [each.rejection for each in fresh], now)
        for each in reversed(fresh):
            letter = kept[each.rejection.id]
            found[each.rejection.id] = Sunk(Outcome.KEPT, letter)
            if each.told:
                told += self._announcer.refused(each.rejection, letter, now)
        return found


async def _already_registered(
    connection: Connection, letters: Sequence[Dead], now: datetime
) -> Found:
    """Those whose key the inbox has, with their content: a copy of what is in the dossier.

    The keys are claimed for the length of the transaction, as the intake does: whoever has the
    same message in hand, registering it or putting it on record here, is waited for.
    """
    claims = {identity_of(each.rejection)[:3]: each.rejection.id for each in letters}
    keys = sorted(claims)
    columns = _columns(keys)
    await connection.execute(
        """
        insert into bericht (applicatie, bron, bericht_id, digest, klantcontact, geregistreerd)
        select applicatie, bron, bericht_id, '', id, $5
        from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
            as nieuw (applicatie, bron, bericht_id, id)
        on conflict do nothing
        """,
        *columns,
        [claims[key] for key in keys],
        now,
    )
    await connection.execute(
        """
        delete from bericht as b
        using unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
            as vrij (applicatie, bron, bericht_id, id)
        where (b.applicatie, b.bron, b.bericht_id) = (vrij.applicatie, vrij.bron, vrij.bericht_id)
          and b.klantcontact = vrij.id
        """,
        *columns,
        [claims[key] for key in keys],
    )
    rows = await connection.fetch(
        """
        select b.applicatie, b.bron, b.bericht_id, b.digest, b.oorspronkelijk
        from unnest($1::text[], $2::text[], $3::text[])
            as gevraagd (applicatie, bron, bericht_id)
        join bericht as b using (applicatie, bron, bericht_id)
        """,
        *columns,
    )
    registered = {tuple(row[:3]): {row[3], row[4]} for row in rows}
    return {
        each.rejection.id: Sunk(Outcome.REGISTERED)
        for each in letters
        if each.rejection.digest in registered.get(identity_of(each.rejection)[:3], ())
    }


async def _lock(connection: Connection, letters: Sequence[Dead], retries: Sequence[Dead]) -> None:
    """Lock what is on record of all of them, in one order."""
    identities = sorted({identity_of(each.rejection) for each in letters})
    await connection.execute(
        """
        select 1 from dead_letter where id in (
            select unnest($5::uuid[])
            union all
            select d.id
            from unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
                as gevraagd (applicatie, bron, bericht_id, digest)
            join dead_letter as d using (applicatie, bron, bericht_id, digest)
        )
        order by applicatie, bron, bericht_id, digest
        for update
        """,
        *_columns(identities, width=4),
        sorted({each.dead_letter for each in retries if each.dead_letter}),
    )


async def _on_record(connection: Connection, letters: Sequence[Dead]) -> Found:
    """Those whose death is on record; by the last of each message, for that one was put there.

    The broker writes a death on the message, with its moment, and it stays the same however
    often the message is delivered.
    """
    rows = await connection.fetch(
        """
        select nieuw.nummer - 1, d.id
        from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[])
            with ordinality
            as nieuw (applicatie, bron, bericht_id, digest, queue, headers, nummer)
        join dead_letter as d using (applicatie, bron, bericht_id, digest)
        where d.queue = nieuw.queue
          and coalesce(d.headers #> '{headers,x-death}', d.headers -> 'headers')
            = coalesce(nieuw.headers::jsonb #> '{headers,x-death}',
                       nieuw.headers::jsonb -> 'headers')
        """,
        *_columns((identity_of(each.rejection) for each in letters), width=4),
        [each.rejection.delivery.queue for each in letters],
        [json_text(properties_of(each.rejection)) for each in letters],
    )
    known = {row[0]: row[1] for row in rows}
    last = {identity_of(each.rejection): number for number, each in enumerate(letters)}
    found: Found = {}
    for number, each in enumerate(letters):
        newest = last[identity_of(each.rejection)]
        letter = known.get(number) or known.get(newest)
        if letter is not None:
            found[each.rejection.id] = Sunk(Outcome.ON_RECORD, letter)
    return found


def _columns(rows: Iterable[tuple[Any, ...]], width: int = 3) -> list[list[Any]]:
    kept = list(rows)
    return [[row[place] for row in kept] for place in range(width)]
