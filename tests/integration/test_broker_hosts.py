"""A broker of several hosts: one that is silent, refuses or cannot be verified stops nobody."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from pamqp import commands, frame

from tests.certificates import HERE, Authority
from tests.proxy import Proxy, passing
from tests.waiting import DEADLINE
from worker.errors import Outage
from worker.rabbitmq.connection import connected
from worker.rabbitmq.tls import located
from worker.tls import Files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.broker import Broker
    from tests.program import Ended, Program
    from worker.rabbitmq.hosts import Target
    from worker.stack.state import StackState

    Command = Callable[..., Awaitable[Ended]]
    Start = Callable[..., Awaitable[Program]]


_HANDSHAKE = [
    frame.marshal(commands.Connection.Start(0, 9, {"capabilities": {}}, "PLAIN", "en_US"), 0),
    frame.marshal(commands.Connection.Tune(2047, 131072, 10), 0),
]


def _several(first: str, *others: str) -> str:
    """One URL with the hosts of all, and the rest of the first."""
    parts = urlsplit(first)
    listed = ",".join(urlsplit(each).netloc.rpartition("@")[2] for each in (first, *others))
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}@{listed}").geturl()


@asynccontextmanager
async def _proxies(url: str, count: int) -> AsyncIterator[list[Proxy]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(passing(url)) for _ in range(count)]


async def _fail(url: str) -> None:
    with pytest.raises(Outage):
        async with connected(url, "test"):
            pass


async def _lost(url: str, used: list[Target]) -> None:
    async with connected(url, "test") as connection:
        used.append(connection.target)
        raise Outage("it answers, and does nothing")


async def test_a_silent_host_is_passed_by_within_its_own_limit(services: StackState) -> None:
    async with _proxies(services.amqp, 3) as (silent, mute, good):
        silent.stall()
        mute.stall()
        # Whoever failed last is tried last.
        await good.cut()
        await _fail(good.url)
        await good.restore()
        url, began = _several(silent.url, mute.url, good.url), time.monotonic()
        # Only the limit of a host can end the wait for it.
        async with connected(url, "test", silence=DEADLINE) as connection:
            assert connection.target.host.port == urlsplit(good.url).port
        assert time.monotonic() - began < DEADLINE / 2


async def test_a_connection_that_ended_in_an_outage_is_made_again_with_another_host(
    services: StackState,
) -> None:
    async with _proxies(services.amqp, 2) as proxies:
        url = _several(*(each.url for each in proxies))
        used: list[Target] = []
        for _ in range(4):
            with pytest.raises(Outage, match="does nothing"):
                await _lost(url, used)
            async with connected(url, "test") as connection:
                assert connection.target != used[-1]


async def test_each_host_is_verified_by_its_own_name(services: StackState, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = Files.named("KLANTCONTACT_AMQP_TLS", authority.ca, None, None)
    one = authority.server("localhost")
    async with passing(services.amqp, one) as wrong, passing(services.amqp, one) as right:
        urls = [
            wrong.url.replace("amqp://", "amqps://"),
            right.url.replace("amqp://", "amqps://").replace("127.0.0.1", "localhost"),
        ]
        for _ in range(4):
            async with connected(located(_several(*urls), files), "test") as connection:
                assert connection.target.host.name == "localhost"
        with pytest.raises(Outage, match="certificate that cannot be verified: IP address mism"):
            async with connected(located(urls[0], files), "test"):
                pass


@pytest.mark.parametrize("answers", range(3))
async def test_a_broker_that_leaves_in_the_handshake_is_an_outage(answers: int) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"".join(_HANDSHAKE[:answers]))
        writer.close()

    async with await asyncio.start_server(leave, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Outage, match=r"RabbitMQ (does not answer|ends the connection)"):
            async with connected(f"amqp://worker:geheim@127.0.0.1:{port}/", "test"):
                pass


async def test_when_none_can_be_used_the_words_name_each_and_no_password(
    services: StackState, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    async with passing(services.amqp, authority.server(*HERE)) as other:
        url = _several(other.url, "amqp://127.0.0.1:1", "amqp://nergens.invalid")
        with pytest.raises(Outage) as caught:
            async with connected(url, "test"):
                pass
    host = urlsplit(other.url).netloc.rpartition("@")[2]
    said = str(caught.value)
    assert said.startswith("RabbitMQ: no host can be used: 127.0.0.1:")
    assert f"{host} ends the connection at once; does it want TLS" in said
    assert "127.0.0.1:1 does not answer (AMQPConnectionError)" in said
    assert "nergens.invalid:5672 cannot be found: nobody knows the name of its host" in said
    assert str(urlsplit(services.amqp).password) not in said


async def test_commands_go_to_the_host_that_is_there(broker: Broker, command: Command) -> None:
    url = _several(broker.url("admin"), "amqp://127.0.0.1:1")
    told = await command("topology", "check", amqp_url=url)
    assert (told.code, told.err) == (0, "")
    told = await command("status", "--json", amqp_url=url)
    assert told.json()["failures"] == []


async def test_a_list_that_is_wrong_is_wrong_usage_for_command_and_worker(
    command: Command,
) -> None:
    for arguments in (("topology", "check"), ("worker",)):
        told = await command(*arguments, amqp_url="amqp://worker:geheim@127.0.0.1,,127.0.0.2/")
        assert (told.code, told.out) == (1, "")
        assert told.err == (
            "Error: KLANTCONTACT_AMQP_URL: host 2 of 3 is empty; is there a comma too many?\n"
        )


async def test_a_worker_goes_on_by_another_host_when_its_own_is_silent(
    broker: Broker, start: Start
) -> None:
    async with _proxies(broker.url("worker"), 2) as proxies:
        program = await start("--role", "relay", amqp_url=_several(*(p.url for p in proxies)))
        line = await program.logged("gereed", rol="relay")
        by_host = {urlsplit(each.url).netloc.rpartition("@")[2]: each for each in proxies}
        by_host[line["broker"]].stall()
        again = await program.logged("gereed", 2, rol="relay")
        assert {line["broker"], again["broker"]} == set(by_host)
