"""Retries that the broker dead-lettered on their way: their dead letters are open again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from worker.envelope import Delivery, Envelope, Named, Rejection, Resumed
from worker.postgres import resuming
from worker.postgres.objections import KLANTCONTACTEN
from worker.sink import Outcome, Sunk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.deaths import Dead
    from worker.outcomes import Announcement, Announcer
    from worker.postgres.pool import Connection


async def reopen(
    connection: Connection,
    retries: Sequence[Dead],
    now: datetime,
    announcer: Announcer,
    told: list[Announcement],
) -> dict[UUID, Sunk]:
    """Put back what is still on its way; what became of each, by its rejection's id.

    What is to be announced is added to `told`: the sender of what waited has had no outcome yet.
    """
    by_letter = {each.dead_letter: each for each in retries if each.dead_letter}
    rows = await _on_their_way(connection, by_letter)
    rejected = [_rejection(row, by_letter[row["id"]]) for row in rows]
    if rejected:
        await resuming.put_back(connection, rejected, now)
    for each in rejected:
        if each.delivery.queue.startswith(KLANTCONTACTEN):
            told += announcer.refused(each, each.id, now)
    reopened = {by_letter[row["id"]].rejection.id for row in rows}
    return {
        each.rejection.id: Sunk(
            Outcome.REOPENED if each.rejection.id in reopened else Outcome.OVERTAKEN,
            each.dead_letter,
        )
        for each in retries
    }


async def _on_their_way(connection: Connection, retries: dict[UUID, Dead]) -> list[asyncpg.Record]:
    """Those that somebody has not dealt with, by another death of this retry's or otherwise.

    A delivery that comes again tells of a death that lies before the refusal which it led to.
    """
    deaths = sorted(retries.items())
    return await connection.fetch(
        """
        select d.id, d.queue, d.applicatie, d.bron, d.bericht_id, d.digest, d.pogingen, d.versie,
               d.eerste, d.headers
        from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as dood (id, code, moment)
        join dead_letter as d using (id)
        where d.toestand in ('hervat', 'wacht') and not exists (
            select 1 from dead_letter_handeling as h
            where h.dead_letter = d.id and h.handeling = 'refused' and h.moment >= dood.moment
              and h.bijzonderheden ->> 'code' = dood.code
        )
        order by d.id
        """,
        [letter for letter, _ in deaths],
        [str(each.rejection.code) for _, each in deaths],
        [each.moment for _, each in deaths],
    )


def _rejection(row: asyncpg.Record, dead: Dead) -> Rejection:
    """Of what it was kept as, as much as its sender is told."""
    kept = orjson.loads(row["headers"])
    key = row["applicatie"], row["bron"], row["bericht_id"]
    delivery = Delivery(
        b"",
        queue=row["queue"],
        user_id=kept["user_id"],
        message_id=kept["message_id"],
        reply_to=kept["reply_to"],
        correlation_id=kept["correlation_id"],
    )
    return Rejection(
        row["id"],
        delivery,
        dead.rejection.violations,
        row["digest"],
        Envelope(*key, row["eerste"], b"") if kept.get("time") else None,
        named=Named(row["bron"] or None, row["bericht_id"] or None),
        resumed=Resumed(
            row["id"], row["pogingen"], row["versie"], key, row["digest"], row["eerste"]
        ),
    )
