from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.certificates import HERE, Authority
from tests.program import run
from tests.proxy import passing
from worker.errors import Outage
from worker.rabbitmq.connection import connected
from worker.rabbitmq.publishing import Publication, publishing
from worker.rabbitmq.tls import located
from worker.rabbitmq.topology import REGISTRATIE
from worker.tls import Files

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.broker import Broker
    from tests.certificates import Pair
    from tests.program import Ended, Program
    from worker.stack.state import StackState

    Command = Callable[..., Awaitable[Ended]]
    Start = Callable[..., Awaitable[Program]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def _secured(
    url: str, context: ssl.SSLContext, host: str = "localhost"
) -> AsyncIterator[str]:
    """The URL of a broker with TLS in front of the one at `url`."""
    async with passing(url, context) as proxy:
        yield _secure(proxy.url, host)


def _secure(url: str, host: str = "localhost") -> str:
    return url.replace("amqp://", "amqps://").replace("@127.0.0.1:", f"@{host}:")


def _files(authority: Authority, own: Pair | None = None) -> Files:
    certificate, key = (own.certificate, own.key) if own else (None, None)
    return Files.named("KLANTCONTACT_AMQP_TLS", authority.ca, certificate, key)


async def _refusal(url: str, files: Files) -> str:
    """What is said when `url` cannot be connected to; never with the password."""
    with pytest.raises(Outage) as caught:
        async with connected(located(url, files), "test"):
            pass
    assert str(urlsplit(url).password) not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("host", HERE)
async def test_a_message_goes_by_tls_to_a_broker_that_is_verified(
    broker: Broker, authority: Authority, host: str
) -> None:
    async with (
        _secured(broker.url("callcenter"), authority.server(*HERE), host) as url,
        connected(located(url, _files(authority)), "test") as connection,
        publishing(connection) as publisher,
    ):
        message = Publication(REGISTRATIE, "callcenter", "1", b"{}", "application/json")
        assert await publisher.publish([message]) == [True]
    assert await broker.depth(f"{REGISTRATIE}.callcenter") == 1


async def test_the_commands_go_by_tls(
    broker: Broker, authority: Authority, command: Command
) -> None:
    async with _secured(broker.url("admin"), authority.server(*HERE)) as url:
        told = await command("topology", "check", amqp_url=url, amqp_tls_ca=authority.ca)
        assert (told.code, told.err) == (0, "")
        refused = await command("topology", "check", amqp_url=url)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("Error: RabbitMQ has a certificate that cannot be verified: ")
    assert len(refused.err.splitlines()) == 1


async def test_the_systems_authorities_are_trusted_where_none_are_named(
    broker: Broker, authority: Authority, environment: dict[str, str]
) -> None:
    async with _secured(broker.url("admin"), authority.server(*HERE)) as url:
        given = {**environment, "KLANTCONTACT_AMQP_URL": url, "SSL_CERT_FILE": str(authority.ca)}
        told = await run("topology", "check", environment=given)
    assert (told.code, told.err) == (0, "")


async def test_a_worker_goes_by_tls_and_through_the_renewal_of_its_certificates(
    broker: Broker, authority: Authority, start: Start
) -> None:
    own = authority.issue("worker")
    async with passing(broker.url("worker"), authority.server(*HERE, demanding=True)) as proxy:
        program = await start(
            amqp_url=_secure(proxy.url),
            amqp_tls_ca=authority.ca,
            amqp_tls_certificate=own.certificate,
            amqp_tls_key=own.key,
        )
        await program.ready()
        own.key.unlink()
        await proxy.cut()
        await proxy.restore()
        missing = f"KLANTCONTACT_AMQP_TLS_KEY ({own.key}) cannot be read: No such file or directory"
        await program.logged("uitval", reden=missing)
        authority.issue("worker")
        for role in ("intake", "mailer"):
            await program.logged("gereed", 2, rol=role)


async def test_a_broker_of_an_unknown_authority_is_refused(
    services: StackState, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    async with _secured(services.amqp, stranger.server(*HERE)) as url:
        told = await _refusal(url, _files(authority))
        assert await _refusal(url, Files()) == told
    assert told.startswith("RabbitMQ has a certificate that cannot be verified: unable to get ")
    assert "see to KLANTCONTACT_AMQP_URL and KLANTCONTACT_AMQP_TLS_*" in told


async def test_a_broker_with_the_certificate_of_another_host_is_refused(
    services: StackState, authority: Authority
) -> None:
    async with _secured(services.amqp, authority.server("elders.example.nl")) as url:
        told = await _refusal(url, _files(authority))
    assert "certificate that cannot be verified: Hostname mismatch" in told
    assert "'localhost'" in told


async def test_a_client_certificate_is_shown_to_a_broker_that_demands_one(
    services: StackState, authority: Authority, tmp_path: Path
) -> None:
    own, strange = authority.issue("worker"), Authority(tmp_path, "stranger").issue("vreemd")
    async with _secured(services.amqp, authority.server(*HERE, demanding=True)) as url:
        async with connected(located(url, _files(authority, own)), "test"):
            pass
        without = await _refusal(url, _files(authority))
        with_anothers = await _refusal(url, _files(authority, strange))
    for told in (without, with_anothers):
        assert told.startswith("RabbitMQ ends the ")
        assert "does it want a client certificate?" in told


async def test_a_broker_without_tls_gets_no_password(services: StackState) -> None:
    told = await _refusal(_secure(services.amqp, "127.0.0.1"), Files())
    assert told.startswith("RabbitMQ speaks no TLS there; see to KLANTCONTACT_AMQP_URL")


async def test_a_broker_that_takes_tls_only_is_no_surprise_to_one_without(
    services: StackState, authority: Authority
) -> None:
    async with passing(services.amqp, authority.server(*HERE)) as proxy:
        with pytest.raises(Outage, match=r"ends the connection at once; does it want TLS"):
            async with connected(proxy.url, "test"):
                pass


async def test_a_listener_that_resets_the_connection_is_asked_the_same() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()

    async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Outage, match="ends the connection at once; does it want TLS"):
            async with connected(f"amqp://x:y@127.0.0.1:{port}/", "test"):
                pass


@pytest.mark.parametrize("arguments", [("topology", "check"), ("worker",)])
async def test_wrong_files_are_one_line_that_names_the_setting(
    authority: Authority, command: Command, arguments: tuple[str, ...]
) -> None:
    own, other = authority.issue("worker"), authority.issue("ander")
    told = await command(
        *arguments,
        amqp_url="amqps://worker:geheim@localhost:1/",
        amqp_tls_certificate=own.certificate,
        amqp_tls_key=other.key,
    )
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        f"Error: the private key in KLANTCONTACT_AMQP_TLS_KEY ({other.key}) does not fit the"
        f" certificate in KLANTCONTACT_AMQP_TLS_CERTIFICATE ({own.certificate})\n"
    )
