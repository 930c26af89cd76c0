from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest

from tests.certificates import HERE, Authority
from tests.program import run
from tests.proxy import PostgresProxy
from worker.errors import Outage, UsageError
from worker.postgres.migrating import migrate
from worker.postgres.pool import connected
from worker.postgres.tls import completed
from worker.tls import Files

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.certificates import Pair
    from tests.program import Ended

    Command = Callable[..., Awaitable[Ended]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def _secured(
    url: str, context: ssl.SSLContext, host: str = "localhost"
) -> AsyncIterator[str]:
    """The URL of a server that takes TLS only, in front of the one at `url`."""
    proxy = PostgresProxy(url, context)
    await proxy.restore()
    try:
        yield proxy.url.replace("@127.0.0.1:", f"@{host}:")
    finally:
        await proxy.cut()


def _files(authority: Authority, own: Pair | None = None) -> Files:
    certificate, key = (own.certificate, own.key) if own else (None, None)
    return Files.named("KLANTCONTACT_POSTGRES_TLS", authority.ca, certificate, key)


async def _ask(url: str) -> None:
    async with connected(url, size=1) as pool:
        assert await pool.fetchval("select 1") == 1


async def _migrate(url: str) -> list[str]:
    """In a loop of its own, as the command has it: the driver of the migrations blocks."""
    return await asyncio.to_thread(asyncio.run, migrate(url))


async def _refusal(url: str) -> str:
    """What is said, by either driver, when `url` cannot be connected to."""
    told = set()
    for attempt in (_ask(url), _migrate(url)):
        with pytest.raises(Outage) as caught:
            await attempt
        told.add(str(caught.value))
    (only,) = told
    assert str(urlsplit(url).password) not in only
    return only


@pytest.mark.parametrize("host", HERE)
async def test_both_drivers_go_by_tls_to_a_database_that_is_verified(
    empty_database: str, authority: Authority, host: str
) -> None:
    async with _secured(empty_database, authority.server(*HERE), host) as plain:
        url = completed(plain, _files(authority))
        await _ask(url)
        assert await _migrate(url)


async def test_the_commands_go_by_tls_with_a_client_certificate(
    empty_database: str, authority: Authority, command: Command
) -> None:
    own = authority.issue("worker")
    async with _secured(empty_database, authority.server(*HERE, demanding=True)) as url:
        settings = {
            "postgres_url": url,
            "postgres_tls_ca": authority.ca,
            "postgres_tls_certificate": own.certificate,
            "postgres_tls_key": own.key,
        }
        migrated = await command("migrate", "--json", **settings)
        assert (migrated.code, migrated.err) == (0, "")
        assert migrated.json()["applied"]
        shown = await command("register", "show", "zaaktype", "--json", **settings)
        assert shown.err == "The register has no zaaktype.\n"
        dossier = await command("dossier", "ZAAK-1", **settings)
        assert dossier.err == "Error: there is no zaak ZAAK-1 in the register\n"


async def test_a_key_in_the_certificates_file_does_for_both_drivers(
    empty_database: str, authority: Authority
) -> None:
    own = authority.issue("worker")
    own.certificate.write_bytes(own.certificate.read_bytes() + own.key.read_bytes())
    own.certificate.chmod(0o600)
    files = Files.named("KLANTCONTACT_POSTGRES_TLS", authority.ca, own.certificate, None)
    async with _secured(empty_database, authority.server(*HERE, demanding=True)) as plain:
        url = completed(plain, files)
        await _ask(url)
        assert await _migrate(url)


async def test_a_locked_key_is_unlocked_by_what_the_url_says(
    empty_database: str, authority: Authority
) -> None:
    own = authority.issue("worker", passphrase=b"een geheim")
    async with _secured(empty_database, authority.server(*HERE, demanding=True)) as plain:
        url = completed(f"{plain}?sslpassword={quote('een geheim')}", _files(authority, own))
        await _ask(url)
        assert await _migrate(url)


async def test_the_urls_own_parameters_do_for_both_drivers(
    empty_database: str, authority: Authority
) -> None:
    own = authority.issue("worker")
    async with _secured(empty_database, authority.server(*HERE, demanding=True)) as plain:
        url = completed(
            f"{plain}?sslmode=verify-full&sslrootcert={authority.ca}"
            f"&sslcert={own.certificate}&sslkey={own.key}"
        )
        await _ask(url)
        assert await _migrate(url)


async def test_the_systems_authorities_are_trusted_by_both_drivers(
    empty_database: str, authority: Authority, environment: dict[str, str]
) -> None:
    async with _secured(empty_database, authority.server(*HERE)) as url:
        given = {
            **environment,
            "KLANTCONTACT_POSTGRES_URL": f"{url}?sslmode=verify-full",
            "SSL_CERT_FILE": str(authority.ca),
        }
        told = await run("migrate", environment=given)
    assert (told.code, told.err) == (0, "")


async def test_a_url_may_ask_for_tls_that_nobody_verifies(
    empty_database: str, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    async with _secured(empty_database, stranger.server("elders.example.nl")) as plain:
        url = completed(f"{plain}?sslmode=require")
        await _ask(url)
        assert await _migrate(url)


async def test_a_database_of_an_unknown_authority_is_refused(
    empty_database: str, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    async with _secured(empty_database, stranger.server(*HERE)) as url:
        told = await _refusal(completed(url, _files(authority)))
        assert await _refusal(completed(f"{url}?sslmode=verify-full")) == told
    assert told.startswith("PostgreSQL has a certificate that cannot be verified: unable to get ")
    assert "see to KLANTCONTACT_POSTGRES_TLS_* and the host; sslmode in" in told


async def test_a_database_with_the_certificate_of_another_host_is_refused(
    empty_database: str, authority: Authority
) -> None:
    async with _secured(empty_database, authority.server("elders.example.nl")) as url:
        told = await _refusal(completed(url, _files(authority)))
        assert "cannot be verified: Hostname mismatch" in told
        await _ask(completed(f"{url}?sslmode=verify-ca", _files(authority)))


async def test_a_database_that_demands_a_client_certificate_is_told_of(
    empty_database: str, authority: Authority, tmp_path: Path
) -> None:
    strange = Authority(tmp_path, "stranger").issue("vreemd")
    async with _secured(empty_database, authority.server(*HERE, demanding=True)) as url:
        for files in (_files(authority), _files(authority, strange)):
            with pytest.raises(Outage, match="PostgreSQL"):
                await _ask(completed(url, files))


async def test_a_database_without_tls_gets_no_password(
    empty_database: str, authority: Authority
) -> None:
    told = await _refusal(completed(empty_database, _files(authority)))
    assert told.startswith("PostgreSQL speaks no TLS there; ")
    assert "sslmode in KLANTCONTACT_POSTGRES_URL says if it must be verified" in told


async def test_a_key_that_others_can_read_is_said_in_libpqs_words(
    empty_database: str, authority: Authority
) -> None:
    own = authority.issue("worker")
    own.key.chmod(0o644)
    async with _secured(empty_database, authority.server(*HERE, demanding=True)) as url:
        with pytest.raises(UsageError, match=r"private key file .* access") as caught:
            await _migrate(completed(url, _files(authority, own)))
    assert str(urlsplit(url).password) not in str(caught.value)


@pytest.mark.parametrize("arguments", [("migrate",), ("worker",), ("dossier", "ZAAK-1")])
async def test_wrong_files_are_one_line_that_names_the_setting(
    authority: Authority, command: Command, arguments: tuple[str, ...]
) -> None:
    own = authority.issue("worker")
    url = "postgresql://worker:geheim@localhost:1/klantcontact"
    told = await command(*arguments, postgres_url=url, postgres_tls_certificate=own.certificate)
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        f"Error: KLANTCONTACT_POSTGRES_TLS_CERTIFICATE ({own.certificate})"
        " holds no private key in PEM\n"
    )
