"""How to reach a running stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict


class StackState(BaseModel):
    """The addresses of one running stack, which hold passwords, and the files of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amqp: str
    """AMQP URL of the user `worker`."""
    amqp_admin: str
    """AMQP URL of a user who may do anything; not in `document`."""
    postgres: str
    """URL of the database `klantcontact`, as superuser."""
    smtp: str
    """`host:port` of the mail catcher."""
    mail_dir: Path
    """Where the mail catcher writes NAME.eml and NAME.json."""
    users: dict[str, str]
    """AMQP URL of each of the broker's users, by name."""
    token_secrets: Path
    """The secrets of ZGW tokens, by client id, in the form of KLANTCONTACT_TOKEN_SECRETS_FILE."""
    openid_jwks: Path
    """The public key of the stand-in identity provider, in the form of KLANTCONTACT_OPENID_JWKS."""
    openid_key: Path
    """Its private key, as a JWK."""

    def document(self) -> dict[str, Any]:
        """What `stack up --json` prints."""
        return self.model_dump(mode="json", exclude={"amqp_admin"})
