"""What became of everything, for the demo and its like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.postgres.failures import translated

if TYPE_CHECKING:
    from worker.postgres.pool import Pool


@dataclass(frozen=True, slots=True)
class Totals:
    """How many there are of each."""

    klantcontacten: int
    dead_letters: int
    mails: int
    mails_sent: int
    outbox: int


@dataclass(frozen=True, slots=True)
class SentMail:
    """One mail, and what it told of."""

    adres: str
    zaak: str
    taal: str
    toestand: str
    types: tuple[str, ...]


async def totals(pool: Pool) -> Totals:
    """Count them."""
    with translated():
        row = await pool.fetchrow(
            """
            select (select count(*) from klantcontact), (select count(*) from dead_letter),
                   (select count(*) from mail),
                   (select count(*) from mail where toestand = 'verzonden'),
                   (select count(*) from outbox)
            """
        )
    return Totals(*(row or (0, 0, 0, 0, 0)))


async def mails(pool: Pool) -> list[SentMail]:
    """Every mail in the order of making."""
    with translated():
        rows = await pool.fetch(
            """
            select m.adres, m.zaak, m.taal, m.toestand, array_agg(distinct k.type)
            from mail as m
            join notificatie as n on n.mail = m.id
            join klantcontact as k on k.id = n.klantcontact
            group by m.id order by m.id
            """
        )
    return [SentMail(row[0], row[1], row[2], row[3], tuple(row[4])) for row in rows]
