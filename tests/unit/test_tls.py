from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from tests.certificates import Authority
from tests.fakes import Lines
from worker.errors import Outage, UsageError
from worker.postgres.tls import completed, database_url, open_to_others
from worker.rabbitmq.tls import address, located
from worker.roles.mailer import mailer
from worker.roles.opening import connections
from worker.roles.relay import relay
from worker.settings import Settings, load
from worker.standing import Standing
from worker.tls import Files, Named, client_context, failure, is_here
from worker.undeliverable import Isolation

if TYPE_CHECKING:
    from pathlib import Path

_AWAY = "postgresql://worker:geheim@db.example.nl/klantcontact"
_HERE = "postgresql://worker:geheim@127.0.0.1:5432/klantcontact"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _files(
    ca: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> Files:
    return Files.named("SETTING", ca, certificate, key)


def _at(amqp: str, postgres: str, amqp_tls_ca: Path | None = None) -> Settings:
    urls = {"amqp_url": SecretStr(amqp), "postgres_url": SecretStr(postgres)}
    return Settings().model_copy(update={**urls, "amqp_tls_ca": amqp_tls_ca})


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def test_the_context_of_a_client_verifies_certificate_and_host_name(authority: Authority) -> None:
    for files in (Files(), _files(authority.ca)):
        context = client_context(files)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_an_authority_of_our_own_is_trusted_in_place_of_the_systems(authority: Authority) -> None:
    (trusted,) = client_context(_files(authority.ca)).get_ca_certs()
    assert trusted["subject"] == ((("commonName", "ca"),),)


def test_a_key_in_the_file_of_its_certificate_is_found_there(authority: Authority) -> None:
    pair = authority.issue("worker")
    pair.certificate.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    client_context(_files(certificate=pair.certificate))


def test_a_key_that_a_passphrase_locks_is_unlocked_by_it(authority: Authority) -> None:
    pair = authority.issue("worker", passphrase=b"geheim")
    client_context(_files(None, pair.certificate, pair.key), "geheim")


@pytest.mark.parametrize("passphrase", ["", "verkeerd"])
def test_a_key_that_stays_locked_is_said_and_nobody_is_asked(
    authority: Authority, passphrase: str
) -> None:
    pair = authority.issue("worker", passphrase=b"geheim")
    with pytest.raises(UsageError, match=r"SETTING_KEY \(.*worker.key\) is locked by a passphrase"):
        client_context(_files(None, pair.certificate, pair.key), passphrase)


def test_a_key_of_another_certificate_is_said(authority: Authority) -> None:
    one, other = authority.issue("een"), authority.issue("ander")
    with pytest.raises(UsageError, match=r"SETTING_KEY \(.*ander.key\) does not fit .*een.pem"):
        client_context(_files(None, one.certificate, other.key))


def test_a_certificate_without_a_key_is_said(authority: Authority) -> None:
    with pytest.raises(UsageError, match=r"SETTING_CERTIFICATE .* holds no private key"):
        client_context(_files(certificate=authority.issue("worker").certificate))


def test_a_key_without_a_certificate_is_said(authority: Authority) -> None:
    with pytest.raises(UsageError, match=r"SETTING_KEY .* is the key of a certificate"):
        client_context(_files(key=authority.issue("worker").key))


@pytest.mark.parametrize("which", ["CA", "CERTIFICATE", "KEY"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "holds no"),
        (b"\x30\x82\x00", "holds no"),
        (b"-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nAAAA\n", "cannot be read"),
    ],
    ids=["missing", "empty", "DER", "damaged"],
)
def test_a_file_that_is_not_what_it_should_be_is_named_with_its_setting(
    authority: Authority, tmp_path: Path, which: str, content: bytes | None, says: str
) -> None:
    pair, file = authority.issue("worker"), tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    paths = {"CA": authority.ca, "CERTIFICATE": pair.certificate, "KEY": pair.key, which: file}
    with pytest.raises(UsageError, match=says) as caught:
        client_context(Files(*(Named(path, f"SETTING_{name}") for name, path in paths.items())))
    assert f"SETTING_{which} ({file})" in str(caught.value)
    assert "AAAA" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "host", ["", "localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1", "/run/postgresql"]
)
def test_what_does_not_leave_this_machine_is_here(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize(
    "host", ["localhost.example.nl", "127.0.0.1.example.nl", "10.0.0.1", "::2", "db"]
)
def test_what_may_leave_this_machine_is_not(host: str) -> None:
    assert not is_here(host)


def test_a_failure_of_tls_is_found_in_what_a_library_wrapped_it_in() -> None:
    outer = ConnectionError()
    outer.__cause__ = ssl.SSLError(1, "secret")
    assert "ends the TLS connection (SSLError)" in (failure(outer) or "")
    assert failure(TimeoutError()) is None


def test_errors_that_a_library_tied_in_a_ring_are_looked_through_once() -> None:
    one, other = ConnectionError(), ConnectionError()
    one.__cause__, other.__cause__ = other, one
    assert failure(one) is None


@pytest.mark.parametrize("url", ["amqps://worker:geheim@mq.example.nl/%2F", "AMQPS://mq:5671"])
def test_amqps_is_verified_by_default(url: str) -> None:
    at = located(url)
    assert at.context is not None
    assert at.context.verify_mode is ssl.CERT_REQUIRED
    assert at.context.check_hostname
    assert not at.open_to_others
    assert "geheim" not in repr(at)


@pytest.mark.parametrize(
    "parameter", ["no_verify_ssl", "cafile", "capath", "cadata", "certfile", "keyfile"]
)
@pytest.mark.parametrize("scheme", ["amqp", "amqps"])
def test_the_urls_own_way_to_verify_otherwise_is_refused(scheme: str, parameter: str) -> None:
    with pytest.raises(UsageError, match=f"AMQP_URL may not say {parameter}: .* always verified"):
        located(f"{scheme}://worker:geheim@mq.example.nl/?{parameter}=1")


@pytest.mark.parametrize(
    "url",
    [
        "rabbitmqs://worker:geheim@mq/",
        "amqp+ssl://worker:geheim@mq/",
        "amqp://worker:geheim@[mq/",
        "amqp://worker:geheim@mq:poort/",
        "geheim",
    ],
)
def test_what_is_no_url_of_a_broker_is_never_connected_to(url: str) -> None:
    with pytest.raises(UsageError, match="KLANTCONTACT_AMQP_URL") as caught:
        located(url)
    assert "geheim" not in str(caught.value)


def test_certificates_for_a_broker_without_tls_are_wrong_usage(authority: Authority) -> None:
    settings = Settings(amqp_tls_ca=authority.ca)
    with pytest.raises(UsageError, match=r"^KLANTCONTACT_AMQP_TLS_CA: .* must begin with amqps://"):
        address(settings)


@pytest.mark.parametrize(
    "url",
    [
        _AWAY,
        "postgres://worker:geheim@10.0.0.5/klantcontact",
        "postgresql://worker:geheim@127.0.0.1,10.0.0.5:5433/klantcontact",
        "postgresql://worker:127.0.0.1@[2001:db8::1]:5432/klantcontact",
        "postgresql:///klantcontact?host=db.example.nl",
        "postgresql:///klantcontact?host=::2",
        "postgresql://127.0.0.1/klantcontact?host=db.example.nl",
        "postgresql:///klantcontact?service=elders",
        "postgresql://worker:a@127.0.0.1@db.example.nl/klantcontact",
    ],
)
def test_a_database_on_another_machine_is_verified_by_default(url: str) -> None:
    query = _query(completed(url))
    assert query["sslmode"] == "verify-full"
    assert query["sslrootcert"].startswith("/")
    assert not open_to_others(completed(url))


@pytest.mark.parametrize(
    "url",
    [
        _HERE,
        "postgresql://worker:geheim@localhost/klantcontact",
        "postgresql://worker:geheim@[::1]:5432/klantcontact",
        "postgresql://%2Frun%2Fpostgresql:5432/klantcontact",
        "postgresql:///klantcontact?host=/run/postgresql",
        "postgresql:///klantcontact",
        f"{_AWAY}?sslmode=disable",
        f"{_AWAY}?sslmode=prefer&application_name=a%20b",
    ],
)
def test_a_url_that_needs_nothing_stays_as_it_is(url: str) -> None:
    assert completed(url) == url


def test_a_host_that_the_environment_names_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.nl")
    assert _query(completed("postgresql:///klantcontact"))["sslmode"] == "verify-full"


def test_with_files_a_database_on_this_machine_is_verified_too(authority: Authority) -> None:
    pair = authority.issue("worker")
    url = completed(_HERE, _files(authority.ca, pair.certificate, pair.key))
    assert _query(url) == {
        "sslmode": "verify-full",
        "sslrootcert": str(authority.ca),
        "sslcert": str(pair.certificate),
        "sslkey": str(pair.key),
    }
    assert url.startswith(f"{_HERE}?")


def test_libpq_is_told_that_the_key_is_in_the_certificates_file(authority: Authority) -> None:
    pair = authority.issue("worker")
    pair.certificate.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    query = _query(completed(_HERE, _files(certificate=pair.certificate)))
    assert query["sslkey"] == str(pair.certificate)


def test_what_the_url_says_of_sslmode_holds(authority: Authority) -> None:
    assert "sslrootcert" not in _query(completed(f"{_AWAY}?sslmode=require"))
    url = completed(f"{_AWAY}?sslmode=verify-ca&application_name=a%20b", _files(authority.ca))
    query = _query(url)
    assert query["sslmode"] == "verify-ca"
    assert query["application_name"] == "a b"
    assert query["sslrootcert"] == str(authority.ca)


def test_the_systems_authorities_are_a_file_for_both_drivers() -> None:
    url = completed(f"{_AWAY}?sslmode=verify-full&sslrootcert=system")
    assert _query(url)["sslrootcert"].startswith("/")


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_files_that_an_sslmode_would_not_use_are_wrong_usage(
    authority: Authority, mode: str
) -> None:
    with pytest.raises(UsageError, match=f"sslmode={mode} .* does not go with SETTING_CA"):
        completed(f"{_HERE}?sslmode={mode}", _files(authority.ca))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"{_AWAY}?sslmode=verify_full", "is one of: disable, allow, prefer, require"),
        (f"{_AWAY}?sslmode=", "is one of"),
        (f"{_AWAY}?sslrootcert=/niets", r"sslrootcert in KLANTCONTACT_POSTGRES_URL \(/niets\)"),
        ("mysql://worker:geheim@db/klantcontact", "begins with postgresql://"),
        ("postgresql://worker:geheim@[db/klantcontact", "cannot be read"),
        ("postgresql://worker:geheim#1@db.example.nl/klantcontact", "its password encoded"),
        ("postgresql://worker:geheim/1@db.example.nl/klantcontact", "its password encoded"),
        ("postgresql://worker:a@b:geheim@db.example.nl/klantcontact", "its password encoded"),
    ],
)
def test_what_is_wrong_in_the_url_is_said_without_it(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        completed(url)
    assert "geheim" not in str(caught.value)


def test_what_others_can_listen_to_is_said_once_at_the_start() -> None:
    lines = Lines()
    connections(_at("amqp://worker:geheim@mq.example.nl/", f"{_AWAY}?sslmode=disable"), lines.log)
    told = [(line["dienst"], line["instelling"]) for line in lines.of("onversleuteld")]
    assert told == [
        ("rabbitmq", "KLANTCONTACT_AMQP_URL"),
        ("postgres", "KLANTCONTACT_POSTGRES_URL"),
    ]
    assert "geheim" not in str(lines.all)


def test_what_stays_on_this_machine_or_is_encrypted_is_not_said() -> None:
    lines = Lines()
    connections(Settings(), lines.log)
    connections(_at("amqps://mq.example.nl/", _AWAY), lines.log)
    assert lines.all == []


def test_a_file_that_is_missing_at_the_start_is_wrong_usage(tmp_path: Path) -> None:
    missing, lines = tmp_path / "weg.pem", Lines()
    with pytest.raises(UsageError, match="KLANTCONTACT_POSTGRES_TLS_CA"):
        connections(Settings(postgres_tls_ca=missing), lines.log)
    with pytest.raises(UsageError, match="KLANTCONTACT_AMQP_TLS_CA"):
        connections(_at("amqps://mq", _HERE, amqp_tls_ca=missing), lines.log)


async def test_a_file_that_is_missing_later_is_an_outage_while_somebody_renews_it(
    tmp_path: Path,
) -> None:
    settings = Settings(postgres_tls_ca=tmp_path / "weg.pem")
    for role in (relay, partial(mailer, isolation=Isolation(Lines().log))):
        with pytest.raises(Outage, match="KLANTCONTACT_POSTGRES_TLS_CA"):
            await role(settings, asyncio.Event(), Standing("relay", Lines().log))


@pytest.mark.parametrize("name", ["AMQP_TLS_CA", "AMQP_TLS_KEY", "POSTGRES_TLS_CERTIFICATE"])
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_content_in_the_place_of_a_path_is_refused_and_not_shown(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    key = authority.issue("worker").key
    given = str(key) if suffix else key.read_text(encoding="ascii")
    monkeypatch.setenv(f"KLANTCONTACT_{name}{suffix}", given)
    with pytest.raises(UsageError, match=f"KLANTCONTACT_{name}: .*must be the path") as caught:
        load()
    assert key.read_text(encoding="ascii").splitlines()[1] not in str(caught.value)


def test_the_settings_of_the_database_are_named_by_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^KLANTCONTACT_POSTGRES_TLS_CA \(.*\) cannot be read"):
        database_url(Settings(postgres_tls_ca=tmp_path / "weg.pem"))
