"""What the intake expects of its store, held against the fake and PostgreSQL alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tests.contacts import NOW, ZAAK, delivery
from tests.facts import fill, register
from tests.fakes import FakeStore
from tests.known import known
from tests.registering import registrations
from tests.registrations import accepted, refused, registration, unreadable
from worker.registration import Earlier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.domain.facts import Facts
    from worker.envelope import Key, Rejection
    from worker.intake import Store
    from worker.postgres.pool import Pool
    from worker.registration import Registration


class Kept(Protocol):
    """A store, and what it holds."""

    @property
    def store(self) -> Store: ...

    async def fill(self) -> None: ...

    async def contacts(self) -> int: ...

    async def dead_letters(self) -> dict[str, int]: ...


class Fake:
    def __init__(self) -> None:
        self.store = FakeStore()

    async def fill(self) -> None:
        self.store.known = known(*register())

    async def contacts(self) -> int:
        return len(self.store.contacts)

    async def dead_letters(self) -> dict[str, int]:
        return {str(each[-1].code): len(each) for each in self.store.dead_letters.values()}


class Real:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.store = registrations(pool)

    async def fill(self) -> None:
        await fill(self._pool)

    async def contacts(self) -> int:
        count: int = await self._pool.fetchval("select count(*) from klantcontact")
        return count

    async def dead_letters(self) -> dict[str, int]:
        rows = await self._pool.fetch("select code, aantal from dead_letter")
        return {row[0]: row[1] for row in rows}


@pytest.fixture(params=["fake", "postgres"])
def kept(request: pytest.FixtureRequest) -> Kept:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("pool"))


async def _commit(
    store: Store, asked: Sequence[Registration], rejected: Sequence[Rejection] = ()
) -> tuple[Mapping[Key, Earlier], Facts]:
    async with store.transaction() as transaction:
        before = (await transaction.claim(asked, NOW)).earlier if asked else {}
        facts = await transaction.facts(asked)
        refusals = {each.claim for each in rejected}
        fit = [each for each in asked if each.envelope.key not in {*before, *refusals}]
        await transaction.write([*(accepted(each, facts) for each in fit), *rejected], NOW)
    return before, facts


async def test_a_key_that_was_registered_is_known_with_its_digest(kept: Kept) -> None:
    await kept.fill()
    first = registration("een")
    assert (await _commit(kept.store, [first]))[0] == {}
    again = [registration("een", onderwerp="anders"), registration("twee")]
    before, _ = await _commit(kept.store, again)
    assert before == {first.envelope.key: Earlier(frozenset({first.digest}), first.id, ZAAK)}
    assert await kept.contacts() == 2


async def test_a_transaction_that_fails_registers_and_claims_nothing(kept: Kept) -> None:
    await kept.fill()
    asked = registration("een")

    async def fail() -> None:
        async with kept.store.transaction() as transaction:
            await transaction.claim([asked], NOW)
            facts = await transaction.facts([asked])
            await transaction.write([accepted(asked, facts)], NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await kept.contacts() == 0
    assert (await _commit(kept.store, [asked]))[0] == {}


async def test_what_is_refused_gives_its_key_back(kept: Kept) -> None:
    await kept.fill()
    asked = registration("een")
    await _commit(kept.store, [asked], [refused(asked)])
    assert await kept.contacts() == 0
    assert (await _commit(kept.store, [asked]))[0] == {}
    assert await kept.contacts() == 1


async def test_a_dead_letter_that_comes_again_counts_on(kept: Kept) -> None:
    sent = delivery(b"{", message_id="een")
    await _commit(kept.store, [], [unreadable(sent)])
    await _commit(kept.store, [], [unreadable(sent), unreadable(sent)])
    assert await kept.dead_letters() == {"bericht-ongeldig": 3}


async def test_a_dead_letter_that_comes_again_keeps_the_id_it_has(kept: Kept) -> None:
    sent = delivery(b"{", message_id="een")
    first, second, third = (unreadable(sent) for _ in range(3))
    for rejected in ([first], [second, third]):
        async with kept.store.transaction() as transaction:
            ids = await transaction.write(rejected, NOW)
        assert ids == {each.id: first.id for each in rejected}


async def test_the_facts_are_those_of_the_register(kept: Kept) -> None:
    await kept.fill()
    async with kept.store.transaction() as transaction:
        facts = await transaction.facts([registration()])
    assert facts == known(*register())
    assert set(facts.zaken) == {ZAAK}
