"""Tokens as a channel and an identity provider make them, each bound to one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import Key

from worker.authentication import body_digest
from worker.cli.message_file import Named
from worker.domain.klantcontact import OpvoerderSoort

SOMEBODY: Final = "publish"
"""Whom a token names where the message names nobody, or no person."""
_PROVIDER: Final = "urn:klantcontact:stack"
_GOOD_FOR_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Binding:
    """What a token is made for: one message, sent at one moment."""

    body: bytes
    issued: datetime

    def claims(self) -> dict[str, Any]:
        """As claims; `jti` keeps two messages of the same content in one second apart."""
        return {
            "iat": int(self.issued.timestamp()),
            "jti": str(uuid4()),
            "digest": body_digest(self.body),
        }


def shared(
    binding: Binding, secret: Key, client: str, named: Named | None, user: str | None
) -> str:
    """A ZGW token of `client` that proves the opvoerder `named`; `user` is its person instead."""
    claims = {"iss": client, "client_id": client, **binding.claims(), **_who(named)}
    if user is not None:
        claims["user_id"] = user
    return jwt.encode({"alg": "HS256"}, claims, secret, algorithms=["HS256"])


def _who(named: Named | None) -> Mapping[str, str]:
    if named is None:
        return {"user_id": SOMEBODY}
    match named.soort:
        case OpvoerderSoort.ORGANISATORISCHE_EENHEID:
            return {"user_id": SOMEBODY, "organisatie": named.identificatie}
        case OpvoerderSoort.GEAUTOMATISEERDE_ACTOR:
            return {}
        case _:
            return {"user_id": named.identificatie}


def openid(
    binding: Binding, key: Key, subject: str, *, issuer: str | None, audience: str | None
) -> str:
    """A token of the identity provider that has `key`, for a betrokkene who logged in there."""
    claims = {"iss": issuer or _PROVIDER, "sub": subject, **binding.claims()}
    claims["exp"] = claims["iat"] + _GOOD_FOR_SECONDS
    if audience is not None:
        claims["aud"] = audience
    header = {"alg": "Ed25519", "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])
