"""`klantcontact status`: how it goes, at one look."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.contacts import body
from tests.facts import fill
from tests.proxy import passing
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

    Command = Callable[..., Awaitable[Ended]]
    Start = Callable[..., Awaitable[Program]]

pytestmark = pytest.mark.usefixtures("measured")


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


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
        return ended if "intake sink gereed" in ended.out else None

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
    assert {each["broker"] for each in found["processes"]} == {_host(broker.url("worker"))}
    assert found["registered"] == {"lastMinute": 1, "lastHour": 1}
    assert found["deadLetters"] == [{"code": "bericht-onleesbaar", "toestand": "open", "count": 1}]

    assert await program.stop() == 0
    assert (await command("status", "--json")).json()["processes"] == []


async def test_it_tells_at_once_which_roles_lack_a_service_and_which(
    environment: dict[str, str], start: Start, command: Command
) -> None:
    async with passing(environment["KLANTCONTACT_AMQP_URL"]) as proxy:
        await (await start("--role", "relay", amqp_url=proxy.url)).ready(1)

        async def state(wanted: str) -> dict[str, Any] | None:
            (found,) = (await command("status", "--json")).json()["processes"] or [{}]
            return found if found.get("state") == wanted else None

        assert (await until(lambda: state("gereed"), "it is ready"))["alive"]
        await proxy.cut()
        found = await until(lambda: state("uitval"), "it is out")
        assert not found["alive"]
        assert found["reason"].startswith("RabbitMQ")
        await proxy.restore()
        await until(lambda: state("gereed"), "it is ready again")


async def test_who_is_told_to_stop_while_the_database_is_away_takes_leave_when_it_is_back(
    pool: Pool, environment: dict[str, str], start: Start
) -> None:
    async def told() -> bool:
        return bool(await pool.fetchval("select count(*) from proces"))

    async with passing(environment["KLANTCONTACT_POSTGRES_URL"]) as proxy:
        program = await start("--role", "sink", postgres_url=proxy.url, http_port="0")
        await until(told, "it is there")
        port = (await program.logged("luistert"))["poort"]
        await proxy.cut()
        await program.logged("uitval")
        stopping = asyncio.create_task(program.stop())

        async def finished() -> bool:
            answer = await http.get(f"http://127.0.0.1:{port}/livez")
            return answer.text == "sink: gestopt\n"

        async with httpx.AsyncClient() as http:
            await until(finished, "its role has ended, and it has not")
        await proxy.restore()
        assert await stopping == 0
    assert not await told()


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
