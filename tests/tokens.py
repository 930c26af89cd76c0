"""Tokens as channels and an identity provider make them, and the keys that verify them."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from worker.authentication import Authentication, Keys
from worker.claims import Expected, unproven
from worker.keys.key_set import parse_key_set

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from joserfc.jwk import Key

    from worker.domain.identity import Identity

CLIENT = "kcc"
ROBOT = "mailrobot"
SECRET = "een-geheim-van-de-tests-van-meer-dan-32-bytes"
PROVIDER = OKPKey.generate_key("Ed25519", {"kid": "tests"}, private=True)
KEY_SET = orjson.dumps({"keys": [PROVIDER.as_dict(private=False)]})
SECRETS = {CLIENT: {"current": SECRET}, ROBOT: {"current": SECRET}}

_MINUTE = 60


def zgw(*, secret: str = SECRET, issued: float, client: str = CLIENT, **claims: object) -> str:
    """A ZGW token; a claim of None is left out."""
    given = {"iss": client, "client_id": client, "iat": int(issued), **claims}
    return signed("HS256", OctKey.import_key(secret), given)


def openid(*, issued: float, **claims: object) -> str:
    """A token of the identity provider, good for five minutes."""
    given = {"iss": "https://idp.example.nl", "iat": int(issued), "exp": int(issued) + 300}
    return signed("Ed25519", PROVIDER, {**given, **claims}, kid="tests")


def signed(algorithm: str, key: Key, claims: Mapping[str, Any], **header: str) -> str:
    """Any token."""
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm, **header}, said, key, algorithms=[algorithm])


def by_hand(secret: bytes, claims: Mapping[str, Any], **header: str) -> str:
    """HS256 with any bytes as the secret, also those that a library keeps one from."""

    def part(value: object) -> bytes:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    text = part({"alg": "HS256", **header}) + b"." + part(claims)
    signature = urlsafe_b64encode(hmac.digest(secret, text, "sha256")).rstrip(b"=")
    return (text + b"." + signature).decode()


@lru_cache(maxsize=10_000)
def fitting(soort: str, name: str, issued: float) -> str:
    """The token that proves an opvoerder."""
    match soort:
        case "betrokkene":
            return openid(issued=issued, sub=name)
        case "geautomatiseerde_actor":
            return zgw(issued=issued, iss=name, client_id=name)
        case "organisatorische_eenheid":
            return zgw(issued=issued, user_id="mdw-0042", organisatie=name)
        case _:
            return zgw(issued=issued, user_id=name)


def authorization(body: bytes, sent: datetime | None) -> dict[str, Any]:
    """The headers that prove the opvoerder in a JSON body, whatever else is wrong with it."""
    now = time.time() // _MINUTE * _MINUTE
    issued = now if sent is None else sent.timestamp()
    soort, name = _opvoerder(body)
    return {"authorization": f"Bearer {fitting(soort, name, issued)}"}


def _opvoerder(body: bytes) -> tuple[str, str]:
    try:
        opvoerder = orjson.loads(body)["opvoerder"]
        return str(opvoerder["soort"]), str(opvoerder["identificatie"])
    except (ValueError, KeyError, TypeError):
        return "medewerker", "mdw-0042"


def keys() -> Keys:
    """What the worker of the tests verifies with."""
    secrets = {name: [OctKey.import_key(each["current"])] for name, each in SECRETS.items()}
    return Keys(secrets, parse_key_set(KEY_SET, "the tests' key set"))


def write(folder: Path) -> dict[str, str]:
    """The keys as files, and the settings that name them."""
    (folder / "secrets.json").write_bytes(orjson.dumps(SECRETS))
    (folder / "jwks.json").write_bytes(KEY_SET)
    return {
        "KLANTCONTACT_TOKEN_SECRETS_FILE": str(folder / "secrets.json"),
        "KLANTCONTACT_OPENID_JWKS": str(folder / "jwks.json"),
    }


class FixedProofs:
    """Proofs by keys that never change."""

    def __init__(self, expected: Expected | None = None) -> None:
        self._authentication = Authentication(expected or Expected())
        self._authentication.keys = keys()

    def look(self) -> None:
        return

    async def renew(self) -> bool | None:
        return False

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        return self._authentication.prove(headers, body)


class Refusing(FixedProofs):
    """Proofs that hold nobody for who they say they are."""

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        del headers, body
        raise unproven("invalid-jwt-signature: the token's signature is not good")
