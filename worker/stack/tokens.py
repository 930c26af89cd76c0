"""What the stack's tokens are made and verified with: secrets, and a stand-in identity provider.

Made once, like the passwords: what a channel signed before a `down` is still good after it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey, import_key

from worker.rabbitmq.topology import KANALEN
from worker.stack import private
from worker.stack.errors import StackError
from worker.stack.lock import held

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from joserfc.jwk import Key

CLIENTS: Final = (*KANALEN, "kcc", "mailrobot")
"""The client ids that have a secret from the start: the kanalen's, and the demo register's."""
_SECRET_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class TokenFiles:
    """Where they are: the secrets by client id, and the provider's public and private key."""

    secrets: Path
    key_set: Path
    key: Path


def prepare(folder: Path) -> TokenFiles:
    """The files in `folder`, made or completed if need be. Raises StackError."""
    files = TokenFiles(
        folder / "token-secrets.json", folder / "jwks.json", folder / "identity-provider.json"
    )
    add_clients(files.secrets, CLIENTS)
    if not files.key.exists():
        made = OKPKey.generate_key("Ed25519", {"use": "sig"}, auto_kid=True)
        private.write(files.key, json.dumps(made.as_dict(private=True)))
    public = provider_key(files.key).as_dict(private=False)
    private.write(files.key_set, json.dumps({"keys": [public]}))
    return files


def add_clients(file: Path, clients: Iterable[str]) -> None:
    """Give each of `clients` that has none a secret in `file`; the others keep theirs.

    A worker takes the file up with its next batch. Raises StackError.
    """
    with held(file.with_suffix(".lock")):
        kept = _read(file) if file.exists() else {}
        fresh = {
            client: {"current": secrets.token_urlsafe(_SECRET_BYTES)}
            for client in clients
            if client not in kept
        }
        if fresh:
            private.write(file, json.dumps(kept | fresh, indent=2))


def provider_key(file: Path) -> Key:
    """The private key of the stand-in identity provider. Raises StackError."""
    try:
        return import_key(_read(file))
    except (JoseError, ValueError):
        raise _unusable(file) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _unusable(file) from None
    if not isinstance(content, dict):
        raise _unusable(file)
    return content


def _unusable(file: Path) -> StackError:
    """Nothing of what it holds is said."""
    return StackError(f"{file} cannot be used; start anew: klantcontact stack reset")
