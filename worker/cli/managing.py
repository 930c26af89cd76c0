"""Where the broker's management is, and who speaks to it: no password on the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import typer

from worker.cli import message_file
from worker.errors import UsageError, WrongUsage
from worker.tls import Files, Named, client_context, is_here

if TYPE_CHECKING:
    import ssl

URL: Final = "KLANTCONTACT_MANAGEMENT_URL"
USER: Final = "KLANTCONTACT_MANAGEMENT_USER"
PASSWORD: Final = "KLANTCONTACT_MANAGEMENT_PASSWORD"  # noqa: S105 (the name of a variable)
PASSWORD_FILE: Final = f"{PASSWORD}_FILE"


def password(file: Path | None) -> str:
    """From `file`, the environment or, on a terminal, whoever sits there. Raises UsageError."""
    if file is not None:
        return _first_line(file)
    if given := os.environ.get(PASSWORD):
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"no password: name its file by --password-file, or set {PASSWORD}")
    asked: str = typer.prompt("Password", hide_input=True, err=True)
    return asked


def _first_line(file: Path) -> str:
    try:
        lines = message_file.read(file).decode().splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no text in UTF-8") from None
    if not lines or not lines[0]:
        raise UsageError(f"{file} holds no password in its first line")
    return lines[0]


def context(url: str, ca: Path | None) -> ssl.SSLContext | None:
    """What verifies who answers at `url`; None for http. Raises WrongUsage, without the URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise WrongUsage("--url is no address of a management, as https://mq.example.nl:15671")
    if parts.username is not None:
        raise WrongUsage("--url holds a user, which others can see: use --user and a password file")
    if parts.scheme == "https":
        return client_context(Files(ca=Named(ca, "--ca") if ca else None))
    if ca is not None:
        raise WrongUsage("--ca: for TLS --url must begin with https://")
    if not is_here(host):
        typer.echo(f"Warning: the password goes to {host} unencrypted; use https://", err=True)
    return None
