"""Probes and metrics over HTTP, of the real program."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as prometheus

from tests.contacts import TOELICHTING, ZAAK, body, opvoerder
from tests.facts import fill
from tests.fakes import Lines
from tests.proxy import passing
from tests.waiting import until
from worker.probing import probed
from worker.standing import Health, Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

    Command = Callable[..., Awaitable[Ended]]
    Start = Callable[..., Awaitable[Program]]

pytestmark = pytest.mark.usefixtures("measured")


async def address(program: Program) -> str:
    said = await program.logged("luistert")
    return f"http://{said['adres']}:{said['poort']}"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_a_worker_is_ready_while_it_has_its_services_and_lives_without_them(
    pool: Pool, environment: dict[str, str], http: httpx.AsyncClient, start: Start
) -> None:
    await fill(pool)
    async with passing(environment["KLANTCONTACT_AMQP_URL"]) as proxy:
        program = await (await start(http_port="0", amqp_url=proxy.url)).ready()
        at = await address(program)
        for name in ("livez", "startupz", "readyz"):
            answer = await http.get(f"{at}/{name}")
            assert (answer.status_code, answer.text) == (
                200,
                "intake: gereed\nrelay: gereed\nmailer: gereed\nsink: gereed\n",
            )
        await proxy.cut()
        await program.logged("uitval", 4)
        answer = await http.get(f"{at}/readyz")
        assert answer.status_code == 503
        assert "intake: uitval (RabbitMQ" in answer.text
        assert [(await http.get(f"{at}/{name}")).status_code for name in ("livez", "startupz")] == [
            200,
            200,
        ]
        await proxy.restore()
        await program.ready(8)
        assert (await http.get(f"{at}/readyz")).status_code == 200


async def test_a_worker_that_waits_for_its_broker_has_started_and_is_not_ready(
    http: httpx.AsyncClient, start: Start
) -> None:
    program = await start("--role", "relay", http_port="0", amqp_url="amqp://x@127.0.0.1:1/")
    at = await address(program)
    await program.logged("uitval")
    names = ("livez", "startupz", "readyz")
    assert [(await http.get(f"{at}/{name}")).status_code for name in names] == [200, 200, 503]


async def test_what_happened_is_counted_and_nothing_of_what_was_said_is_in_it(
    pool: Pool, broker: Broker, mails: Mails, http: httpx.AsyncClient, start: Start
) -> None:
    await fill(pool)
    program = await (await start(http_port="0", housekeeping="PT0.1S")).ready()
    at = await address(program)
    said = {"onderwerp": "ONDERWERP-GEHEIM", "opvoerder": opvoerder(naam="NAAM-GEHEIM")}
    await broker.publish(body(**said), message_id="m-1")
    await broker.publish(body(**said), message_id="m-1")
    await broker.publish(body(type="GEHEIM-TYPE", **said), message_id="m-2")
    await broker.publish(b"{GEHEIM", message_id="m-3")
    (mail,) = await mails.arrived()
    await program.logged("mail", toestand="verzonden")
    await program.logged("klantcontact", 2, outcome="afgewezen")

    async def counted() -> dict[tuple[str, ...], float] | None:
        text = (await http.get(f"{at}/metrics")).text
        found = {
            (sample.name.removeprefix("klantcontact_"), *sample.labels.values()): sample.value
            for family in prometheus(text)
            for sample in family.samples
        }
        return found if found.get(("dead_letters", "bericht-onleesbaar", "open")) else None

    found = await until(counted, "the dead letters are counted")
    assert found["messages_total", "callcenter", "geregistreerd"] == 1
    assert found["messages_total", "callcenter", "herhaald"] == 1
    assert found["messages_total", "callcenter", "afgewezen"] == 2
    assert found["refusals_total", "bericht-onleesbaar"] == 1
    assert found["registration_seconds_count",] == 1
    assert found["mails_total", "verzonden"] == 1
    assert found["role_ready", "mailer"] == 1
    assert found["batch_messages_sum", "intake"] == 4
    assert found["outbox_published_total",] >= 4

    text = (await http.get(f"{at}/metrics")).text
    for secret in ("GEHEIM", TOELICHTING, "ziekte", str(mail["To"]), "burger", ZAAK):
        assert secret not in text
    for secret in ("GEHEIM", TOELICHTING, "ziekte", "burger@example.nl", "Burger", "Bearer"):
        assert secret not in "".join(program.raw)


async def test_whoever_asks_for_openmetrics_gets_it(http: httpx.AsyncClient, start: Start) -> None:
    at = await address(await start("--role", "relay", http_port="0"))
    answer = await http.get(
        f"{at}/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_a_port_that_is_taken_is_said_at_once(command: Command) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        ended = await command("worker", http_port=str(taken.getsockname()[1]))
    assert ended.code == 1
    assert "KLANTCONTACT_HTTP_PORT: cannot listen on 127.0.0.1" in ended.err
    assert "Traceback" not in ended.err


async def test_a_role_that_shows_no_sign_of_life_is_told_to_whoever_asks(
    http: httpx.AsyncClient,
) -> None:
    lines, moment = Lines(), [0.0]
    standing = Standing("intake", lines.log, timer=lambda: moment[0])
    async with probed("127.0.0.1", 0, Health([standing]), lines.log):
        (listens,) = lines.of("luistert")
        at = f"http://127.0.0.1:{listens['poort']}"
        assert (await http.get(f"{at}/livez")).status_code == 200
        moment[0] = 61.0
        answer = await http.get(f"{at}/livez")
    assert (answer.status_code, answer.text) == (503, "intake: no sign of life for 61 s\n")
