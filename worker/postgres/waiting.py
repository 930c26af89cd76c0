"""Messages that wait for their zaak, and the facts that they wait for.

Whoever refuses a message because its zaak is unknown, and whoever stores a new zaak, both hold
a lock on the zaak's number until they commit, taken before they lock any dead letter. So either
the one sees the zaak, or the other the message: no wake is lost between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from worker.postgres.pool import Connection

OUTBOX_CHANNEL = "klantcontact_outbox"
"""What a relay listens to."""
RECALLED_TOGETHER: Final = 50
"""Dead letters that one row of the outbox calls back at most."""


async def known_meanwhile(connection: Connection, zaken: Iterable[str]) -> set[str]:
    """Which of `zaken`, unknown when they were looked up, the register has by now."""
    in_order = sorted(set(zaken))
    if not in_order:
        return set()
    await connection.execute(
        """
        select pg_advisory_xact_lock_shared(hashtextextended(zaak, 0))
        from unnest($1::text[]) as zaak
        """,
        in_order,
    )
    rows = await connection.fetch(
        "select identificatie from zaak where identificatie = any ($1::text[])", in_order
    )
    return {row[0] for row in rows}


async def wake(connection: Connection, zaken: Iterable[str], now: datetime) -> None:
    """Bring back at once what waits for these zaken, and what was given up for want of them."""
    in_order = sorted(set(zaken))
    if not in_order:
        return
    await connection.execute(
        """
        select pg_advisory_xact_lock(hashtextextended(zaak, 0)) from unnest($1::text[]) as zaak
        """,
        in_order,
    )
    woken = await connection.fetchval(
        """
        with due as (
            select id from dead_letter
            where zaak = any ($1::text[]) and code = 'zaak-onbekend'
              and toestand in ('wacht', 'open')
            order by applicatie, bron, bericht_id, digest
            for update
        ), gewekt as (
            update dead_letter as d set toestand = 'wacht', opnieuw = $2
            from due where d.id = due.id
            returning 1
        )
        select count(*) from gewekt
        """,
        in_order,
        now,
    )
    if woken:
        await connection.execute("select pg_notify($1, '')", OUTBOX_CHANNEL)
