"""TLS that verifies: contexts from the files that settings name, and what a failure means."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from worker.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_NO_TLS: Final = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF_WHILE_READING"}


@dataclass(frozen=True, slots=True)
class Named:
    """A file, and the setting or parameter that names it: an error says both."""

    path: Path
    by: str

    def __str__(self) -> str:
        return f"{self.by} ({self.path})"


@dataclass(frozen=True, slots=True)
class Files:
    """What a client has for TLS; without `ca` it trusts the system's authorities."""

    ca: Named | None = None
    certificate: Named | None = None
    key: Named | None = None
    """Without it, the key stands in the certificate's file."""

    @classmethod
    def named(
        cls, prefix: str, ca: Path | None, certificate: Path | None, key: Path | None
    ) -> Files:
        """Those of the settings `prefix` with _CA, _CERTIFICATE and _KEY behind it."""
        paths = {"_CA": ca, "_CERTIFICATE": certificate, "_KEY": key}
        return cls(*(Named(path, prefix + name) if path else None for name, path in paths.items()))

    def names(self) -> list[str]:
        """The settings or parameters that are given."""
        return [each.by for each in (self.ca, self.certificate, self.key) if each is not None]


def client_context(files: Files, passphrase: str = "") -> ssl.SSLContext:
    """A context that verifies the certificate and the host name; raises UsageError.

    `passphrase` unlocks the key; nobody is ever asked for one.
    """
    context = ssl.create_default_context() if files.ca is None else _trusting(files.ca)
    # Python as Debian 13 builds it asks for no version at all.
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    if files.certificate is not None:
        _identify(context, files.certificate, files.key, passphrase)
    elif files.key is not None:
        raise UsageError(f"{files.key} is the key of a certificate: name that too")
    return context


def _trusting(ca: Named) -> ssl.SSLContext:
    _content(ca, b"CERTIFICATE", "certificate")
    try:
        return ssl.create_default_context(cafile=str(ca.path))
    except ssl.SSLError:
        raise UsageError(f"{ca} holds a certificate that cannot be read") from None


def _identify(
    context: ssl.SSLContext, certificate: Named, key: Named | None, passphrase: str
) -> None:
    """Have our own certificate shown to a server that asks for one."""
    _content(certificate, b"CERTIFICATE", "certificate")
    keyed = key or certificate
    locked = b"ENCRYPTED" in _content(keyed, b"PRIVATE KEY", "private key")
    try:
        # Without a callback OpenSSL asks for the passphrase on the terminal.
        context.load_cert_chain(certificate.path, keyed.path, lambda: passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            wrong = f"the private key in {keyed} does not fit the certificate in {certificate}"
        elif locked:
            wrong = f"the private key in {keyed} is locked by a passphrase, wrong or not given"
        else:
            wrong = f"the certificate in {certificate} or its key in {keyed} cannot be read"
        raise UsageError(wrong) from None


def _content(file: Named, label: bytes, what: str) -> bytes:
    """The content of a file in PEM that must hold a part of this label."""
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    if label + b"-----" not in content:
        raise UsageError(f"{file} holds no {what} in PEM")
    return content


def is_here(host: str) -> bool:
    """Whether `host` is this machine: a loopback address, or a socket's folder."""
    if not host or host.startswith("/") or host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def failure(error: BaseException) -> str | None:
    """What a failed TLS handshake means, in words; None if it was something else.

    Looks through what a library wrapped it in. Names hosts and reasons, and no content.
    """
    cause = _innermost(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"has a certificate that cannot be verified: {cause.verify_message.rstrip('.')}"
    if isinstance(cause, ssl.SSLError):
        reason = getattr(cause, "reason", None) or type(cause).__name__
        if reason in _NO_TLS:
            return "speaks no TLS there"
        return f"ends the TLS connection ({reason}); does it want a client certificate?"
    return None


def _innermost(error: BaseException) -> BaseException | None:
    """The TLS error behind `error`, if there is one; a library may tie its errors in a ring."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen and not isinstance(cause, ssl.SSLError):
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return cause
