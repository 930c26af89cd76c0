"""What is away at the start, or goes away in the middle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.contacts import body
from tests.facts import fill
from tests.integration.smtp.told_server import Told, listening
from tests.proxy import passing
from tests.waiting import until
from worker.postgres.migrating import migrate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

pytestmark = pytest.mark.usefixtures("measured")


async def _count(pool: Pool, table: str) -> int:
    count: int = await pool.fetchval(f"select count(*) from {table}")  # noqa: S608 (a name of ours)
    return count


async def test_a_worker_that_starts_before_its_database_says_so_and_goes_on_when_it_is_there(
    services: object, environment: dict[str, str], start: Start, administer: Callable[[str], None]
) -> None:
    del services
    url = environment["KLANTCONTACT_POSTGRES_URL"] + "_later"
    name = url.rpartition("/")[2]
    program = await start(postgres_url=url)
    missing = await program.logged("uitval")
    assert "klantcontact migrate" in missing["reden"]
    administer(f"create database {name}")
    try:
        empty = await program.logged("uitval", rol="intake", reden=_OLD)
        assert empty["level"] == "warning"
        await migrate(url)
        await program.ready()
        assert await program.stop() == 0
        assert program.err == ""
    finally:
        administer(f"drop database {name} with (force)")


_OLD = "the database's schema is older than this program; run `klantcontact migrate`"


async def test_a_database_that_takes_no_writes_is_waited_for(
    pool: Pool, database: str, broker: Broker, start: Start, administer: Callable[[str], None]
) -> None:
    await fill(pool)
    name = database.rpartition("/")[2]
    administer(f"alter database {name} set default_transaction_read_only = on")
    program = await start()
    for role in ("intake", "relay", "mailer", "sink"):
        line = await program.logged("uitval", rol=role)
        assert line["reden"].startswith("PostgreSQL takes no writes")
    administer(f"alter database {name} reset default_transaction_read_only")
    await program.ready()
    await broker.publish(body(), message_id="bericht-0")
    await program.logged("klantcontact", outcome="geregistreerd")
    assert await program.stop() == 0
    assert program.err == ""


async def test_a_worker_whose_broker_is_down_says_so_and_stops_when_it_is_told_to(
    start: Start,
) -> None:
    program = await start(amqp_url="amqp://worker:geheim@127.0.0.1:1/")
    for role in ("intake", "relay", "mailer"):
        line = await program.logged("uitval", rol=role)
        assert line["reden"].startswith("RabbitMQ does not answer")
    assert await program.stop() == 0
    assert program.err == ""
    assert "geheim" not in "".join(program.raw)


async def test_a_queue_that_is_missing_is_named_and_taken_up_when_it_is_there(
    broker: Broker, start: Start
) -> None:
    admin = await broker.channel("admin")
    await admin.queue_delete("klantcontact.zaken")
    try:
        program = await start("--role", "intake")
        line = await program.logged("uitval")
        assert "klantcontact.zaken" in line["reden"]
        assert "klantcontact topology apply" in line["reden"]
    finally:
        queue = await admin.declare_queue(
            "klantcontact.zaken", durable=True, arguments={"x-queue-type": "quorum"}
        )
        await queue.bind("klantcontact.zaken", "zaak")
    await program.ready(1)


@pytest.mark.parametrize("away", ["postgres_url", "amqp_url"])
async def test_a_service_that_goes_away_in_the_middle_costs_no_message(
    pool: Pool, broker: Broker, environment: dict[str, str], start: Start, away: str
) -> None:
    await fill(pool)
    url = environment[f"KLANTCONTACT_{away.upper()}"]
    async with passing(url) as proxy:
        program = await (await start("--role", "intake", **{away: proxy.url})).ready(1)
        await broker.publish(body(), message_id="bericht-0")
        await program.logged("klantcontact", bericht="bericht-0")
        await proxy.cut()
        for number in range(1, 20):
            await broker.publish(body(), message_id=f"bericht-{number}")
        await program.logged("uitval")
        await proxy.restore()

        async def registered() -> bool:
            return await _count(pool, "klantcontact") == 20

        await until(registered, "all are registered")
        assert await program.stop() == 0
    assert program.err == ""
    assert await _count(pool, "dead_letter") == 0


@pytest.mark.parametrize("silent", ["postgres_url", "amqp_url"])
async def test_a_worker_that_is_told_to_stop_ends_well_while_a_service_is_silent(
    pool: Pool, broker: Broker, environment: dict[str, str], start: Start, silent: str
) -> None:
    await fill(pool)
    async with passing(environment[f"KLANTCONTACT_{silent.upper()}"]) as proxy:
        program = await (await start("--role", "intake", drain="3", **{silent: proxy.url})).ready(1)
        proxy.stall()
        await broker.publish(body(), message_id="bericht-0")
        assert await program.stop() == 0
    assert program.err == ""
    await (await start("--role", "intake")).logged("klantcontact", bericht="bericht-0")
    assert await _count(pool, "klantcontact") == 1


async def test_a_service_that_falls_silent_and_comes_back_costs_no_message(
    pool: Pool, broker: Broker, environment: dict[str, str], start: Start
) -> None:
    await fill(pool)
    quick = {"postgres_deadline": "1", "amqp_silence": "2"}
    async with passing(environment["KLANTCONTACT_POSTGRES_URL"]) as proxy:
        program = await start("--role", "intake", postgres_url=proxy.url, **quick)
        await program.ready(1)
        proxy.stall()
        await broker.publish(body(), message_id="bericht-0")
        await program.logged("uitval")
        proxy.resume()
        await program.logged("klantcontact", bericht="bericht-0")
        assert await program.stop() == 0
    assert await _count(pool, "klantcontact") == 1


async def test_a_relay_with_nothing_to_publish_notices_that_it_could_not(
    services: object, environment: dict[str, str], start: Start
) -> None:
    del services
    async with passing(environment["KLANTCONTACT_AMQP_URL"]) as proxy:
        program = await (await start("--role", "relay", amqp_url=proxy.url)).ready(1)
        await proxy.cut()
        await program.logged("uitval", rol="relay", reden="RabbitMQ closed the connection")
        await proxy.restore()
        await program.ready(2)


async def test_a_mail_that_is_being_sent_when_the_broker_goes_away_is_sent_once(
    pool: Pool, broker: Broker, environment: dict[str, str], start: Start
) -> None:
    await fill(pool)
    server = Told(hangs=(answering := asyncio.Event()))
    async with (
        listening(server) as port,
        passing(environment["KLANTCONTACT_AMQP_URL"]) as proxy,
    ):
        settings = {"smtp_port": str(port), "mail_window": "PT0S", "amqp_url": proxy.url}
        program = await (await start(**settings)).ready()
        await broker.publish(body(), message_id="een")

        async def handed_over() -> bool:
            return server.handed_over == 1

        await until(handed_over, "the mail server has the mail")
        await proxy.cut()
        for rol in ("intake", "relay", "sink"):
            await program.logged("uitval", rol=rol)
        answering.set()
        await program.logged("mail", toestand="verzonden")
        await program.logged("uitval", rol="mailer")
        await proxy.restore()
        assert await program.stop() == 0
    assert program.err == ""
    assert server.handed_over == 1
