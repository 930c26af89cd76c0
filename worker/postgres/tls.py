"""The database's URL with what proves that it is the database, for both drivers alike.

asyncpg and libpq take the same parameters in a URL, so whatever is decided here is said there.
"""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode

from worker.errors import UsageError
from worker.tls import Files, Named, client_context, is_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.settings import Settings

_URL: Final = "KLANTCONTACT_POSTGRES_URL"
# urlsplit takes no second host in brackets.
_PARTS: Final = re.compile(
    r"([A-Za-z]+):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.ASCII | re.DOTALL
)
# A host with its port, if it has one.
_HOST: Final = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::[0-9]*)?", re.ASCII)
_VERIFYING: Final = ("verify-ca", "verify-full")
_ENCRYPTED: Final = ("require", *_VERIFYING)
_MODES: Final = ("disable", "allow", "prefer", *_ENCRYPTED)
_WANTED: Final = "target_session_attrs"
# libpq's own name for the system's authorities, which asyncpg does not know.
_SYSTEM: Final = "system"
# Where Debian, Fedora and Alpine keep them in one file.
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def database_url(settings: Settings) -> str:
    """The URL of the settings, made complete; raises UsageError that names what is wrong."""
    files = Files.named(
        "KLANTCONTACT_POSTGRES_TLS",
        settings.postgres_tls_ca,
        settings.postgres_tls_certificate,
        settings.postgres_tls_key,
    )
    return completed(settings.postgres_url.get_secret_value(), files)


def open_to_others(url: str) -> bool:
    """Whether `url`, made complete, lets rows and queries go over a network as they are."""
    parts = _split(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return query.get("sslmode") not in {None, *_ENCRYPTED} and _leaves(parts, query)


def completed(url: str, files: Files | None = None) -> str:
    """`url` with sslmode and the files it needs; raises UsageError, without the URL.

    What the URL says of sslmode holds. Where it says nothing, everything is verified if the
    database is on another machine or there are `files`; these come before those of the URL.
    """
    files = files or Files()
    parts = _split(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    mode = query.get("sslmode")
    if mode is None:
        mode = "verify-full" if files.names() or _leaves(parts, query) else "prefer"
    _check(mode, files)
    if mode not in _ENCRYPTED:
        return url
    used = _used(files, query, mode)
    client_context(used, query.get("sslpassword", ""))
    query |= {"sslmode": mode, **_parameters(used)}
    return parts._replace(query=_encoded(query)).geturl()


def each_host(url: str) -> list[str]:
    """`url`, made complete, once for each host that it names, in order; itself with fewer than two.

    Of several hosts the one is wanted that takes writes, unless the URL says otherwise.
    """
    parts = _split(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    login, at, listed = parts.netloc.rpartition("@")
    hosts = (listed or query.get("host", "")).split(",")
    if len(hosts) == 1:
        return [url]
    wanted = query.get(_WANTED, "read-write")
    ports = query.get("port", "").split(",")
    if len(ports) not in {1, len(hosts)}:
        raise UsageError(f"{_URL} names {len(hosts)} hosts and {len(ports)} ports")
    urls = []
    # asyncpg takes any host for a standby that is preferred, where it knows of no other.
    for each in ("standby", "any") if wanted == "prefer-standby" else (wanted,):
        for number, host in enumerate(hosts):
            here = {_WANTED: each} if listed else {_WANTED: each, "host": host}
            if port := ports[number % len(ports)]:
                here["port"] = port
            netloc = f"{login}{at}{host}" if listed else parts.netloc
            urls.append(parts._replace(netloc=netloc, query=_encoded(query | here)).geturl())
    return urls


def _encoded(query: Mapping[str, str]) -> str:
    return urlencode(query, quote_via=quote, safe="/")


def _split(url: str) -> SplitResult:
    """Its parts; a password that holds a sign of URLs would be taken for a port, and be shown."""
    found = _PARTS.fullmatch(url)
    if found is None or found[1].lower() not in {"postgresql", "postgres"}:
        raise UsageError(f"{_URL} begins with postgresql://")
    parts = SplitResult(found[1].lower(), found[2] or "", found[3], found[4] or "", found[5] or "")
    if not all(_HOST.fullmatch(each) for each in _listed(parts).split(",")):
        raise UsageError(f"{_URL} cannot be read: is it a URL, its password encoded?")
    return parts


def _check(mode: str, files: Files) -> None:
    if mode not in _MODES:
        raise UsageError(f"sslmode in {_URL} is one of: {', '.join(_MODES)}")
    if mode not in _ENCRYPTED and files.names():
        what = f"sslmode={mode} in {_URL} does not go with {', '.join(files.names())}"
        raise UsageError(f"{what}: leave one of them out")


def _leaves(parts: SplitResult, query: Mapping[str, str]) -> bool:
    """Whether the way to one of the hosts leaves this machine, as far as anybody can tell."""
    hosts = _hosts(_listed(parts))
    hosts += _hosts(query.get("host", ""))
    if not hosts:
        hosts = _hosts(os.environ.get("PGHOST", ""))
    return "service" in query or not all(is_here(host) for host in hosts)


def _listed(parts: SplitResult) -> str:
    """The hosts of the URL, as it has them."""
    return parts.netloc.partition("@")[2] if "@" in parts.netloc else parts.netloc


def _hosts(listed: str) -> list[str]:
    """The hosts of `host:port,[host]:port`."""
    return [name for each in listed.split(",") if (name := _without_port(unquote(each)))]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _used(files: Files, query: Mapping[str, str], mode: str) -> Files:
    """The files of the settings, and where there are none those of the URL."""

    def named(parameter: str) -> Named | None:
        path = query.get(parameter)
        return Named(Path(path), f"{parameter} in {_URL}") if path else None

    ca = files.ca or named("sslrootcert")
    if mode in _VERIFYING and (ca is None or str(ca.path) == _SYSTEM):
        ca = _system()
    certificate = files.certificate or named("sslcert")
    return Files(ca, certificate, files.key or named("sslkey"))


def _system() -> Named:
    """The system's authorities in one file, as both drivers can take them."""
    for path in filter(None, (ssl.get_default_verify_paths().cafile, *_BUNDLES)):
        if Path(path).is_file():
            return Named(Path(path), "the system's certificate authorities")
    msg = "this system has no certificate authorities: set KLANTCONTACT_POSTGRES_TLS_CA"
    raise UsageError(msg)


def _parameters(used: Files) -> dict[str, str]:
    """As libpq calls them; it wants to be told that the key is in the certificate's file."""
    key = used.key or used.certificate
    files = {"sslrootcert": used.ca, "sslcert": used.certificate, "sslkey": key}
    return {name: str(each.path) for name, each in files.items() if each is not None}
