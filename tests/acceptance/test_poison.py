"""Messages that would stop the intake if they could."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from tests.contacts import body
from tests.facts import fill, zaak
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]


class Microseconds(datetime):
    """A moment as a sender writes it that counts in microseconds."""

    def timestamp(self) -> float:
        return super().timestamp() * 1_000_000


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(depth):
        made = {"a": made}
    return made


async def test_properties_that_cannot_be_decoded_stop_no_other_message(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake")).ready(1)
    moment = Microseconds.fromisoformat("2026-11-23T12:00:00+00:00")
    await broker.publish(body(onderwerp="tijd"), message_id="tijd", timestamp=moment)
    # Around a thousand the decoder's own recursion ends, somewhere.
    for depth in range(200, 340, 7):
        await broker.publish(
            body(onderwerp=f"{depth}"), message_id=f"diep-{depth}", headers=nested(depth)
        )
    await broker.publish(body(), message_id="goed")

    async def registered() -> bool:
        letters = await pool.fetchval("select count(*) from dead_letter")
        return bool(letters == 21 and await pool.fetchval("select count(*) from bericht"))

    await until(registered, "the good one is registered and the others are dead letters")
    assert await pool.fetchval("select bericht_id from bericht") == "goed"
    rows = await pool.fetch(
        "select distinct code, probleem->'errors'->0->>'field' from dead_letter"
    )
    assert [tuple(row) for row in rows] == [("bericht-onleesbaar", "content_type")]
    assert await program.stop() == 0


async def test_a_fact_that_the_database_refuses_is_a_dead_letter_and_the_others_are_stored(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await pool.execute("alter table zaak add check (identificatie <> 'Z-3')")
    for number in range(7):
        fact = zaak(identificatie=f"Z-{number}")
        await broker.fact(orjson.dumps(fact), message_id=f"f-{number}")
    await (await start("--role", "intake")).ready(1)

    async def stored() -> bool:
        return bool(await pool.fetchval("select count(*) = 6 from zaak"))

    await until(stored, "the six good ones are stored")
    rows = await pool.fetch("select code, bericht_id from dead_letter")
    assert [tuple(row) for row in rows] == [("onverwacht", "f-3")]
