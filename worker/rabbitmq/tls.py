"""Where the broker is, and what proves that it is the broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from worker.errors import UsageError
from worker.rabbitmq.hosts import URL, Host, hosts
from worker.tls import Files, client_context, is_here

if TYPE_CHECKING:
    import ssl

    from worker.settings import Settings

# aiormq would take them from the URL, to verify by, or not to verify at all.
_NOT_IN_THE_URL: Final = frozenset(
    {"no_verify_ssl", "cafile", "capath", "cadata", "certfile", "keyfile"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """The broker's hosts, and for `amqps` the context that verifies who answers there.

    Each host is verified by its own name.
    """

    hosts: tuple[Host, ...]
    context: ssl.SSLContext | None

    @property
    def open_to_others(self) -> bool:
        """Whether messages and passwords go over a network as they are."""
        return self.context is None and not all(is_here(each.name) for each in self.hosts)


def address(settings: Settings) -> Address:
    """The broker of the settings; raises UsageError that names the setting that is wrong."""
    files = Files.named(
        "KLANTCONTACT_AMQP_TLS",
        settings.amqp_tls_ca,
        settings.amqp_tls_certificate,
        settings.amqp_tls_key,
    )
    return located(settings.amqp_url.get_secret_value(), files)


def located(url: str, files: Files | None = None) -> Address:
    """The broker at `url`, verified if it is `amqps`; raises UsageError, without the URL."""
    files = files or Files()
    found = hosts(url)
    parts = urlsplit(found[0].url)
    if refused := sorted(
        _NOT_IN_THE_URL & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    ):
        what = f"{URL} may not say {', '.join(refused)}"
        raise UsageError(f"{what}: certificates are always verified, by KLANTCONTACT_AMQP_TLS_CA")
    if parts.scheme == "amqps":
        return Address(found, client_context(files))
    if names := files.names():
        raise UsageError(f"{', '.join(names)}: for TLS {URL} must begin with amqps://")
    return Address(found, None)
