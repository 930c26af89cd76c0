"""A message whose zaak comes after it, by the whole program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from tests.contacts import ZAAK, body
from tests.facts import fill, register, zaak
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool


async def test_a_message_waits_for_its_zaak_and_is_registered_when_the_facts_come(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool, *(each for each in register() if each["soort"] != "zaak"))
    program = await start("--role", "intake", "--role", "relay", deferrals="PT1H")
    await program.ready(2)
    await broker.publish(body(), message_id="een")
    waiting = await program.logged("klantcontact", outcome="uitgesteld", bericht="een")
    await broker.fact(orjson.dumps(zaak()), message_id="feit")
    await program.logged("klantcontact", outcome="geregistreerd", bericht="een", zaak=ZAAK)

    async def resolved() -> bool:
        found: str = await pool.fetchval("select toestand from dead_letter")
        return found == "opgelost"

    await until(resolved, "the dead letter is resolved")
    assert waiting["dead_letter"] == str(await pool.fetchval("select id from dead_letter"))
