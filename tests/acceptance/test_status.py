"""`klantcontact status`: how it goes, at one look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contacts import body
from tests.facts import fill
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

    Command = Callable[..., Awaitable[Ended]]
    Start = Callable[..., Awaitable[Program]]

pytestmark = pytest.mark.usefixtures("measured")


async def test_it_shows_what_works_what_waits_and_what_failed(
    pool: Pool, broker: Broker, start: Start, command: Command
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake", "--role", "sink")).ready(2)
    await broker.publish(body(), message_id="m-1")
    await broker.publish(b"{", message_id="m-2")
    await program.logged("klantcontact", outcome="afgewezen")

    async def shown() -> Ended | None:
        ended = await command("status")
        return ended if "sink" in ended.out.partition("No ")[0] else None

    ended = await until(shown, "both roles are there")
    assert ended.code == 0
    for words in (
        "No relay is at work: klantcontact worker --role relay",
        "No mailer is at work",
        "registratie.callcenter",
        "dead letters, open: bericht-onleesbaar",
        "registered in the last hour",
    ):
        assert words in ended.out
    assert max(len(line) for line in ended.out.splitlines()) <= 80

    found = (await command("status", "--json")).json()
    assert [each["role"] for each in found["processes"] if each["alive"]] == ["intake", "sink"]
    consumers = {each["queue"]: each["consumers"] for each in found["queues"]}
    assert consumers["klantcontact.registratie.callcenter"] == 2
    assert consumers["klantcontact.dlq"] == 1
    assert found["outbox"]["due"] >= 1
    assert found["registered"] == {"lastMinute": 1, "lastHour": 1}
    assert found["deadLetters"] == [{"code": "bericht-onleesbaar", "toestand": "open", "count": 1}]

    assert await program.stop() == 0
    assert (await command("status", "--json")).json()["processes"] == []


@pytest.mark.parametrize(
    ("away", "shown", "words"),
    [
        ("amqp_url", "In the database", "RabbitMQ does not answer"),
        ("postgres_url", "Queues", "PostgreSQL does not answer"),
    ],
)
async def test_a_service_that_is_away_hides_nothing_of_the_other(
    broker: Broker, command: Command, away: str, shown: str, words: str
) -> None:
    del broker
    scheme = "amqp" if away == "amqp_url" else "postgresql"
    ended = await command("status", **{away: f"{scheme}://x:geheim@127.0.0.1:1/x"})
    assert ended.code == 1
    assert words in " ".join(ended.out.split())
    assert shown in ended.out
    assert "geheim" not in ended.out + ended.err
    assert "Traceback" not in ended.err
