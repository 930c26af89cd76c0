"""A message that kills every process which takes it is put away, and none of its neighbours."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.contacts import QUEUE, body
from tests.deadly import DEADLY
from tests.facts import fill
from tests.program import Program
from tests.proxy import passing
from tests.waiting import until
from worker.rabbitmq.topology import HERVAT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tests.broker import Broker
    from tests.program import Ended
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]
    Command = Callable[..., Awaitable[Ended]]

NEIGHBOURS = 1000
# The first time, in a batch, among 32, among 4, and three times alone.
DEATHS = 7
OUTAGES = 10


async def survived(
    environment: Mapping[str, str], over: Callable[[], Awaitable[object]]
) -> tuple[int, list[Mapping[str, object]]]:
    """Start it again and again, until one process lives to see that it is over; the deaths."""
    lines: list[Mapping[str, object]] = []
    for deaths in range(3 * DEATHS):
        program = await Program.start(environment=environment, module="tests.deadly")
        try:

            async def ended(program: Program = program) -> bool:
                return program.process.returncode is not None or bool(await over())

            await until(ended, "it is over, or the process is dead")
            if program.process.returncode is None:
                assert await program.stop() == 0
                return deaths, [*lines, *program.lines]
            assert await program.ended() == -signal.SIGKILL
            lines += program.lines
        finally:
            await program.kill()
    raise AssertionError(f"{3 * DEATHS} processes died of it")


async def test_one_message_that_kills_costs_a_few_processes_and_no_other_message(
    pool: Pool, broker: Broker, environment: dict[str, str], command: Command
) -> None:
    await fill(pool)
    for number in range(NEIGHBOURS + 1):
        deadly = number == NEIGHBOURS // 2
        await broker.publish(
            body(onderwerp=DEADLY if deadly else f"{number}"), message_id=f"m-{number}"
        )

    async def over() -> bool:
        done: bool = await pool.fetchval(
            "select (select count(*) from klantcontact) = $1"
            " and (select count(*) from dead_letter) = 1 and not exists (select 1 from poging)",
            NEIGHBOURS,
        )
        return done and not await broker.depth(QUEUE)

    deaths, lines = await survived(environment, over)
    assert deaths == DEATHS
    (letter,) = await pool.fetch("select * from dead_letter")
    assert (letter["code"], letter["toestand"], letter["bericht_id"], letter["aantal"]) == (
        "onverwacht",
        "open",
        f"m-{NEIGHBOURS // 2}",
        1,
    )
    assert letter["body"] == body(onderwerp=DEADLY)
    names = await pool.fetch("select bericht_id from bericht")
    assert len({row[0] for row in names}) == len(names) == NEIGHBOURS
    assert [line["bericht"] for line in lines if line["event"] == "opgegeven"] == [
        letter["bericht_id"]
    ]
    listed = (await command("dead-letters", "list", "--code", "onverwacht", "--json")).json()
    assert [each["id"] for each in listed["deadLetters"]] == [str(letter["id"])]


async def test_a_dead_letter_that_kills_when_it_is_retried_is_open_again(
    pool: Pool, broker: Broker, environment: dict[str, str], start: Start, command: Command
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake")).ready(1)
    # Its token proves nothing, so a retry has it looked at again.
    content = body(onderwerp=DEADLY)
    await broker.publish(content, message_id="een", headers={"authorization": "Bearer x"})
    await program.logged("klantcontact", bericht="een", outcome="afgewezen")
    assert await program.stop() == 0
    letter = await pool.fetchval("select id from dead_letter")
    await start("--role", "relay")
    assert (await command("dead-letters", "retry", str(letter))).code == 0

    async def over() -> bool:
        done: bool = await pool.fetchval(
            "select toestand = 'open' and not exists (select 1 from poging) from dead_letter"
        )
        return done and not await broker.depth(HERVAT)

    deaths, _ = await survived(environment, over)
    assert deaths == DEATHS
    row = await pool.fetchrow("select id, code, pogingen, body from dead_letter")
    assert row is not None
    assert tuple(row) == (letter, "onverwacht", 2, content)


async def test_outages_while_a_message_waits_put_nothing_away(
    pool: Pool, database: str, broker: Broker, start: Start
) -> None:
    await fill(pool)
    await broker.publish(body(), message_id="een")
    stuck = "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    async def waiting() -> bool:
        found: bool = await pool.fetchval(f"select exists (select 1 {stuck})")
        return found

    async def forgotten() -> bool:
        return not await pool.fetchval("select count(*) from poging")

    async with passing(database) as proxy:
        async with pool.acquire() as held, held.transaction():
            # Whoever takes the message waits here, in the middle of it.
            await held.execute("select 1 from zaak for update")
            program = await start("--role", "intake", postgres_url=proxy.url, outage_pause="PT0.1S")
            for outage in range(OUTAGES):
                await until(waiting, "the message is in hand")
                await program.ready(outage + 1)
                tried = await pool.fetchval("select sum(aantal) from poging")
                # The first time it is new; from then on it is the only attempt that counts.
                assert tried == (1 if outage else None)
                await proxy.cut()
                await pool.execute(f"select pg_terminate_backend(pid) {stuck}")
                await program.logged("uitval", outage + 1)
                await proxy.restore()
            await until(waiting, "the message is in hand")
        await program.logged("klantcontact", bericht="een", outcome="geregistreerd")
        await until(forgotten, "nothing is held against it")
        assert await program.stop() == 0
    assert await pool.fetchval("select count(*) from klantcontact") == 1
    assert await pool.fetchval("select count(*) from dead_letter") == 0
