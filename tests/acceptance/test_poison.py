"""Messages that would stop the intake if they could."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from tests.contacts import body
from tests.facts import fill, zaak
from tests.tokens import authorization
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


class Latin1(str):
    """A text as a sender writes it that knows no UTF-8."""

    __slots__ = ()

    def __str__(self) -> str:
        return self

    def encode(self, *_: object) -> bytes:
        return super().encode("latin-1")


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(depth):
        made = {"a": made}
    return made


async def test_a_property_that_cannot_be_decoded_is_absent_and_the_message_is_judged(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake")).ready(1)
    good = authorization(body(), datetime.now(UTC))
    moment = Microseconds.fromisoformat(datetime.now(UTC).isoformat())
    await broker.publish(body(), message_id="tijd", timestamp=moment, headers=good)
    await broker.publish(body(), message_id=Latin1("één"), correlation_id=Latin1("één"))
    for name in ("correlation_id", "app_id", "type"):
        await broker.publish(body(), message_id=name, **{name: Latin1("één")})
    await broker.publish(body(), message_id="naam", headers={Latin1("één"): 1})
    # Around a thousand the decoder's own recursion ends, somewhere.
    for depth in range(200, 340, 7):
        await broker.publish(body(), message_id=f"diep-{depth}", headers=nested(depth))
    await broker.publish(body(), message_id="goed")

    async def registered() -> bool:
        return bool(await pool.fetchval("select count(*) = 26 from bericht"))

    await until(registered, "all but the one without an id are registered")
    (row,) = await pool.fetch("select applicatie, bericht_id, probleem->>'detail' from dead_letter")
    assert tuple(row) == (
        "callcenter",
        "",
        "message_id is not UTF-8 (ignored: correlation_id is not UTF-8)",
    )
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
