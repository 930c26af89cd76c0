"""One batch registered, as the intake does it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.contacts import NOW
from tests.registrations import accepted
from worker.outcomes import Announcer
from worker.postgres.registration import Registrations, Transaction

if TYPE_CHECKING:
    from worker.postgres.pool import Pool
    from worker.registration import Registration


SOURCE = "urn:nld:oin:00000000000000000000:systeem:klantcontact"
ANNOUNCER = Announcer(SOURCE)


def registrations(pool: Pool, window: timedelta = timedelta(0)) -> Registrations:
    return Registrations(pool, ANNOUNCER, window)


async def within(transaction: Transaction, *asked: Registration, **policy: object) -> None:
    claims = await transaction.claim(asked, NOW)
    fit = [each for each in asked if each.envelope.key not in claims.earlier]
    facts = await transaction.facts(fit)
    await transaction.write([accepted(each, facts, **policy) for each in fit], NOW)


async def store(pool: Pool, *asked: Registration, **policy: object) -> None:
    async with registrations(pool).transaction() as transaction:
        await within(transaction, *asked, **policy)
