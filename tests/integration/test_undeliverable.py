"""What processes know of each other's blocked queues, and the lease to put a message away."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from worker.postgres.blocked_queues import PostgresBlockedQueues, blocked_queues

if TYPE_CHECKING:
    from worker.postgres.pool import Pool

QUEUE = "klantcontact.registratie.balie"
SAID = "541 INTERNAL_ERROR"


def process(pool: Pool, number: int = 1) -> PostgresBlockedQueues:
    return PostgresBlockedQueues(pool, UUID(int=number))


async def let_pass(pool: Pool, seconds: int) -> None:
    await pool.execute(
        """
        update gestremde_queue set sinds = sinds - $1 * interval '1 second',
            gezien = gezien - $1 * interval '1 second', tot = tot - $1 * interval '1 second'
        """,
        seconds,
    )


async def test_a_blocked_queue_is_shown_since_the_first_of_its_heartbeats(pool: Pool) -> None:
    await process(pool).blocked(QUEUE, SAID)
    (first,) = await blocked_queues(pool)
    await process(pool, 2).blocked(QUEUE, SAID, "no AMQP 1.0")
    (shown,) = await blocked_queues(pool)
    assert (shown.queue, shown.said, shown.reason) == (QUEUE, SAID, "no AMQP 1.0")
    assert shown.since == first.since


async def test_a_queue_whose_process_was_killed_is_not_shown_after_four_heartbeats(
    pool: Pool,
) -> None:
    await process(pool).blocked(QUEUE, SAID)
    await let_pass(pool, 10)
    assert [each.queue for each in await blocked_queues(pool)] == [QUEUE]
    await let_pass(pool, 11)
    assert await blocked_queues(pool) == []


async def test_a_freed_queue_leaves_nothing_unless_another_process_has_the_lease(
    pool: Pool,
) -> None:
    await process(pool).blocked(QUEUE, SAID)
    assert await process(pool, 2).lease(QUEUE)
    await process(pool).free(QUEUE)
    assert await process(pool, 2).renew(QUEUE)
    await process(pool, 2).free(QUEUE)
    assert await pool.fetchval("select count(*) from gestremde_queue") == 0


async def test_one_process_at_a_time_has_the_lease(pool: Pool) -> None:
    one, other = process(pool), process(pool, 2)
    assert await one.lease(QUEUE)
    assert not await other.lease(QUEUE)
    assert (await one.leased(QUEUE), await other.leased(QUEUE)) == (False, True)
    await other.release(QUEUE)
    assert await one.renew(QUEUE)
    await one.release(QUEUE)
    assert await other.lease(QUEUE)
    # A lease for a message blocks no queue.
    assert await blocked_queues(pool) == []


async def test_a_renewed_lease_lasts_as_long_again(pool: Pool) -> None:
    one, other = process(pool), process(pool, 2)
    assert await one.lease(QUEUE)
    await let_pass(pool, 20)
    assert await one.renew(QUEUE)
    await let_pass(pool, 20)
    assert not await other.lease(QUEUE)


async def test_a_lease_that_ran_out_is_renewed_if_nobody_had_it_meanwhile(pool: Pool) -> None:
    one, other = process(pool), process(pool, 2)
    assert await one.lease(QUEUE)
    await let_pass(pool, 31)
    assert await one.renew(QUEUE)
    await let_pass(pool, 31)
    assert await other.lease(QUEUE)
    assert not await one.renew(QUEUE)
    # Even after the other gave it back: what it did is not known here.
    await other.release(QUEUE)
    assert not await one.renew(QUEUE)
