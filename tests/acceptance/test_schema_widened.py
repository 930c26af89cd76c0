"""Columns are made wider while all roles work: nobody notices but the database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.contacts import body
from tests.facts import fill
from tests.faults.catalogue.schema import widenings
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

pytestmark = pytest.mark.usefixtures("measured")


async def test_no_message_is_refused_and_no_role_pauses_as_each_table_is_widened_and_narrowed(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool)
    program = await (await start()).ready()

    async def sent(count: int) -> bool:
        mails = await pool.fetchval("select count(*) from mail where toestand = 'verzonden'")
        letters = await pool.fetchval("select count(*) from dead_letter")
        return bool(mails == count and letters == count)

    async with pool.acquire() as connection:
        changes = await widenings(connection)
    statements = [each.wider for each in changes] + [each.back for each in changes]
    for number, statement in enumerate(["select 1", *statements], start=1):
        await pool.execute(statement)
        await broker.publish(body(), message_id=f"goed-{number}")
        await broker.publish(body(type="fax"), message_id=f"fout-{number}")
        await until(partial(sent, number), f"all is well after {statement}")

    assert await pool.fetchval("select count(*) from klantcontact") == len(statements) + 1
    assert await pool.fetchval("select array_agg(distinct code) from dead_letter") == [
        "bericht-ongeldig"
    ]
    assert [line for line in program.lines if line["event"] in {"onverwacht", "uitval"}] == []
