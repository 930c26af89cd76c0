"""One batch registered, as the intake does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contacts import NOW
from tests.registrations import accepted
from worker.postgres.registration import Registrations, Transaction

if TYPE_CHECKING:
    from worker.postgres.pool import Pool
    from worker.registration import Registration


async def within(transaction: Transaction, *asked: Registration, **policy: object) -> None:
    before = await transaction.claim(asked, NOW)
    fit = [each for each in asked if each.envelope.key not in before]
    facts = await transaction.facts(fit)
    await transaction.write([accepted(each, facts, **policy) for each in fit], [], NOW)


async def store(pool: Pool, *asked: Registration, **policy: object) -> None:
    async with Registrations(pool).transaction() as transaction:
        await within(transaction, *asked, **policy)
