"""Dead letters as the tests need them, without a message that was refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from worker.clock import now
from worker.postgres.pool import connected
from worker.postgres.retrying import Retry

if TYPE_CHECKING:
    from uuid import UUID

    from worker.postgres.pool import Pool

QUEUE = "klantcontact.registratie.callcenter"
LEASE = timedelta(minutes=5)


async def put(pool: Pool, count: int = 1, **changes: object) -> list[UUID]:
    """`count` of them with `changes`, each an hour old and a second older than the one before."""
    rows = [_row(number, changes) for number in range(count)]
    await pool.executemany(
        """
        insert into dead_letter
            (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, zaak,
             headers, body, eerste, laatste, veld, opnieuw, klantcontact, ook_verlopen, nieuw_id)
        values ($1, $2, $3, '{}', $4, 'callcenter', 'urn:applicatie:callcenter', $5, $6, $7,
                '{}', '', $8, $8, '-', $9, $10, $11, $12)
        """,
        rows,
    )
    return [row[0] for row in rows]


def laid(database: str, count: int = 1, **changes: object) -> list[str]:
    """The same, in the database of that URL, before a command runs."""

    async def lay() -> list[UUID]:
        async with connected(database, size=1) as pool:
            return await put(pool, count, **changes)

    return [str(each) for each in asyncio.run(lay())]


RECALLED = """
    select encode(substr(o.inhoud, 16 * n + 1, 16), 'hex')::uuid
    from outbox as o, generate_series(0, octet_length(o.inhoud) / 16 - 1) as n
    where o.soort = 'hervat'
"""
"""The dead letters that the outbox is to call back, each as often as it is."""


def wish(*, late: bool = False, new_id: bool = False) -> Retry:
    """A retry of this moment."""
    return Retry("jan", None, now(), LEASE, late=late, new_id=new_id)


def _row(number: int, changes: dict[str, object]) -> tuple[Any, ...]:
    identity = uuid7()
    defaults = {
        "toestand": "open",
        "code": "zaak-afgesloten",
        "queue": QUEUE,
        "bericht_id": str(identity),
        "zaak": None,
        "laatste": now() - timedelta(hours=1, seconds=number),
        "opnieuw": None,
        "klantcontact": None,
        "ook_verlopen": False,
        "nieuw_id": None,
    }
    given = defaults | changes
    assert given.keys() == defaults.keys()
    before, after = list(given.values())[:4], list(given.values())[4:]
    return (identity, *before, identity.bytes, *after)
