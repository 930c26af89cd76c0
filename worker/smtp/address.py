"""Where the mail server is, and what proves that it is the mail server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from worker.errors import UsageError
from worker.tls import Files, client_context, is_here

if TYPE_CHECKING:
    import ssl

    from worker.settings import Settings

_SMTP: Final = "KLANTCONTACT_SMTP_"
_TLS_FROM_THE_START: Final = 465  # RFC 8314, 7.3


@dataclass(frozen=True, slots=True)
class Address:
    """A mail server and how it is spoken to; `tls` is off, starttls or tls."""

    host: str
    port: int
    tls: str = "off"
    files: Files = field(default_factory=Files)
    login: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password."""
    helo: str | None = None
    """The name that we give; without it, the machine's."""

    @property
    def open_to_others(self) -> bool:
        """Whether mails go over a network as they are."""
        return self.tls == "off" and not is_here(self.host)

    def context(self) -> ssl.SSLContext | None:
        """What verifies the server, from the files as they are now; raises UsageError."""
        return None if self.tls == "off" else client_context(self.files)


def address(settings: Settings) -> Address:
    """The mail server of the settings; raises UsageError that names the setting that is wrong."""
    found = Address(
        settings.smtp_host,
        settings.smtp_port,
        _way(settings),
        Files.named(f"{_SMTP}TLS", settings.smtp_tls_ca, None, None),
        _login(settings),
        settings.smtp_helo,
    )
    if found.tls == "off" and found.files.names():
        raise UsageError(f"{_SMTP}TLS_CA: for TLS {_SMTP}TLS must be starttls or tls")
    if found.login is not None and found.open_to_others:
        what = f"{_SMTP}PASSWORD would go over the network unencrypted"
        raise UsageError(f"{what}: {_SMTP}TLS must be starttls or tls")
    found.context()
    return found


def _way(settings: Settings) -> str:
    if settings.smtp_tls != "auto":
        return settings.smtp_tls
    if settings.smtp_port == _TLS_FROM_THE_START:
        return "tls"
    here = is_here(settings.smtp_host) and settings.smtp_tls_ca is None
    return "off" if here else "starttls"


def _login(settings: Settings) -> tuple[str, str] | None:
    username, password = settings.smtp_username, settings.smtp_password
    if username is None and password is None:
        return None
    if username is None:
        raise UsageError(f"{_SMTP}PASSWORD needs {_SMTP}USERNAME beside it")
    if password is None:
        raise UsageError(f"{_SMTP}USERNAME needs {_SMTP}PASSWORD or {_SMTP}PASSWORD_FILE beside it")
    return username, password.get_secret_value()
