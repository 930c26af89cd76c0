"""Tokens that are bound to one message: each with its own, however they come together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.contacts import NOW
from tests.facts import fill
from tests.registering import registrations, store
from tests.registrations import bound_by, registration
from tests.statements import written_down
from tests.waiting import until

if TYPE_CHECKING:
    from worker.postgres.pool import Pool
    from worker.registration import Claims, Registration

TOKEN, OTHER = b"t" * 32, b"u" * 32


def bound(message_id: str, token: bytes = TOKEN) -> Registration:
    return bound_by(registration(message_id), token)


async def _claims(pool: Pool, *asked: Registration) -> Claims:
    async with registrations(pool).transaction() as transaction:
        return await transaction.claim(asked, NOW)


async def test_a_bound_token_comes_with_its_own_message_as_often_as_that_comes(
    pool: Pool,
) -> None:
    await fill(pool)
    await store(pool, bound("een"))
    claims = await _claims(pool, bound("een"), bound("twee", OTHER))
    assert (set(claims.earlier), claims.reused) == ({bound("een").envelope.key}, frozenset())


async def test_a_bound_token_under_another_id_is_a_replay_in_a_later_batch_and_in_the_same(
    pool: Pool,
) -> None:
    await fill(pool)
    replayed = bound("twee")
    together = await _claims(pool, bound("een"), replayed, registration("drie"))
    assert together.reused == {replayed.envelope.key}
    later = await _claims(pool, bound("vier"))
    assert later.reused == {bound("vier").envelope.key}
    assert await pool.fetchval("select array_agg(bericht_id order by 1) from bericht") == [
        "drie",
        "een",
    ]


async def test_a_token_that_a_refused_message_came_with_stays_bound_to_it(pool: Pool) -> None:
    async with registrations(pool).transaction() as transaction:
        await transaction.claim([bound("een")], NOW)
    await pool.execute("delete from bericht")
    assert (await _claims(pool, bound("twee"))).reused
    assert not (await _claims(pool, bound("een"))).reused


async def test_tokens_are_locked_in_one_order_by_everybody(database: str) -> None:
    async with written_down(database) as statements:
        await _claims(statements.pool, bound("een", TOKEN), bound("twee", OTHER))
        (given,) = [args for text, args in statements.ran if "insert into gebonden_token" in text]
    assert given[0] == sorted(given[0])
    assert len(given[0]) == 2


async def test_of_two_transactions_with_the_same_bound_token_one_has_it(pool: Pool) -> None:
    async with registrations(pool).transaction() as first:
        assert not (await first.claim([bound("een"), bound("x", OTHER)], NOW)).reused
        # The other way round in the other one: they would wait for each other if they could.
        second = asyncio.create_task(_claims(pool, bound("y", OTHER), bound("twee")))

        async def waits() -> bool:
            return bool(
                await pool.fetchval(
                    "select count(*) from pg_stat_activity"
                    " where wait_event_type = 'Lock' and datname = current_database()"
                )
            )

        await until(waits, "the second waits for the first")
    assert (await second).reused == {bound("y").envelope.key, bound("twee").envelope.key}
