"""Where the broker is, and what proves that it is the broker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from worker.errors import UsageError
from worker.tls import Files, client_context, is_here

if TYPE_CHECKING:
    import ssl

    from worker.settings import Settings

_URL: Final = "KLANTCONTACT_AMQP_URL"
# aiormq would take them from the URL, to verify by, or not to verify at all.
_NOT_IN_THE_URL: Final = frozenset(
    {"no_verify_ssl", "cafile", "capath", "cadata", "certfile", "keyfile"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's URL, and for `amqps` the context that verifies who answers there."""

    url: str = field(repr=False)
    host: str
    context: ssl.SSLContext | None

    @property
    def open_to_others(self) -> bool:
        """Whether messages and passwords go over a network as they are."""
        return self.context is None and not is_here(self.host)


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
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(f"{_URL} cannot be read: is it a URL, its password encoded?") from None
    if parts.scheme not in {"amqp", "amqps"}:
        raise UsageError(f"{_URL} begins with amqps:// or amqp://")
    if found := sorted(
        _NOT_IN_THE_URL & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    ):
        what = f"{_URL} may not say {', '.join(found)}"
        raise UsageError(f"{what}: certificates are always verified, by KLANTCONTACT_AMQP_TLS_CA")
    if parts.scheme == "amqps":
        return Address(url, host, client_context(files))
    if names := files.names():
        raise UsageError(f"{', '.join(names)}: for TLS {_URL} must begin with amqps://")
    return Address(url, host, None)
