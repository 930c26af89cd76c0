"""Mails and outbox rows in the database, made directly."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from tests.contacts import NOW, ZAAK
from tests.facts import fill
from tests.registering import registrations
from tests.registrations import accepted, registration
from worker.relay import DueMail

if TYPE_CHECKING:
    from datetime import datetime

    from worker.postgres.pool import Pool
    from worker.relay import Outbox


async def due_mails(outbox: Outbox, now: datetime, until: datetime, most: int) -> list[DueMail]:
    """What a relay claims, where all of it is mails."""
    due = await outbox.claim(now, until, most)
    mails = [each for each in due if isinstance(each, DueMail)]
    assert len(mails) == len(due)
    return mails


async def post(pool: Pool, count: int = 1, *, due: datetime = NOW) -> list[UUID]:
    """Mails that wait, each with its contact, its notification and its outbox row."""
    await fill(pool)
    asked = [registration(f"post-{uuid4()}") for _ in range(count)]
    async with registrations(pool).transaction() as transaction:
        await transaction.claim(asked, due)
        facts = await transaction.facts(asked)
        await transaction.write([accepted(each, facts) for each in asked], due)
    # The events of registrations have tests of their own.
    await pool.execute("delete from outbox where soort <> 'mail'")
    rows = await pool.fetch(
        "select mail from notificatie where klantcontact = any ($1) order by mail",
        [each.id for each in asked],
    )
    assert len(rows) == count, ZAAK
    return [row[0] for row in rows]
