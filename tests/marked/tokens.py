"""The tokens of marked messages: made with marked secrets, with marks in their claims."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import orjson

from tests import tokens
from tests.marks import mark
from worker.cli import message_file
from worker.domain.klantcontact import OpvoerderSoort

if TYPE_CHECKING:
    from pathlib import Path

    from worker.cli.message_file import Named

SECRET: Final = f"{mark('geheim')}-van-meer-dan-tweeendertig-bytes"
_CLIENTS: Final = {
    "callcenter": "kcc",
    "balie": "balie",
    "mailintake": "mailintake",
    "portaal": "portaal",
}
_SAID: Final = {"name": mark("claim"), "email": f"{mark('claim')}@example.nl"}
KINDS: Final = ("claim", "geheim")


def write(folder: Path) -> dict[str, str]:
    """The keys as files, and the settings that name them."""
    secrets = {client: {"current": SECRET} for client in (*_CLIENTS.values(), "mailrobot")}
    (folder / "marked-secrets.json").write_bytes(orjson.dumps(secrets))
    (folder / "marked-jwks.json").write_bytes(tokens.KEY_SET)
    return {
        "KLANTCONTACT_TOKEN_SECRETS_FILE": str(folder / "marked-secrets.json"),
        "KLANTCONTACT_OPENID_JWKS": str(folder / "marked-jwks.json"),
    }


def token(body: bytes, applicatie: str, user: str | None = None) -> str:
    """What proves the opvoerder of a body, or names `user` instead."""
    named = message_file.opvoerder(body)
    issued = time.time()
    if named and named.soort is OpvoerderSoort.BETROKKENE:
        return tokens.openid(issued=issued, sub=user or named.identificatie, **_SAID)
    client, claims = _claims(named, _CLIENTS[applicatie], user)
    return tokens.zgw(secret=SECRET, issued=issued, client=client, **_SAID, **claims)


def _claims(named: Named | None, client: str, user: str | None) -> tuple[str, dict[str, str]]:
    """Whose secret signs it, and what it says of who is meant."""
    if named is None:
        return client, {"user_id": user or mark("claim")}
    match named.soort:
        case OpvoerderSoort.GEAUTOMATISEERDE_ACTOR:
            return named.identificatie, {}
        case OpvoerderSoort.ORGANISATORISCHE_EENHEID:
            return client, {"user_id": mark("claim"), "organisatie": named.identificatie}
        case _:
            return client, {"user_id": user or named.identificatie}


def parts(made: str) -> list[str]:
    """What tells of a token that it is this one: what it says, and its signature."""
    return made.split(".")[1:]
