"""Clients, tokens and events that are made by others."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests import tokens
from tests.acceptance.conftest import FOREIGN
from tests.contacts import body, contact
from tests.facts import fill
from tests.tokens import authorization
from tests.waiting import DEADLINE, until
from worker.formats import REGISTREREN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from joserfc.jwk import Key

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool


def _node(modules: Path, script: str, given: bytes, **environment: str) -> bytes:
    """Run a script of ours with packages of others; what it prints."""
    file = modules.parent / "given"
    file.write_bytes(given)
    ended = subprocess.run(
        ["node", str(FOREIGN / script), str(file)],
        env={**os.environ, "NODE_PATH": str(modules), **environment},
        stdout=subprocess.PIPE,
        check=True,
        timeout=DEADLINE,
    )
    return ended.stdout.strip()


def _publish(broker: Broker, modules: Path, *messages: dict[str, Any]) -> None:
    lines = b"\n".join(orjson.dumps(each) for each in messages)
    _node(modules, "publish.js", lines, AMQP_URL=broker.url("callcenter"))


def message(
    content: bytes, headers: dict[str, Any] | None = None, **options: object
) -> dict[str, Any]:
    given = {
        "contentType": "application/json",
        "userId": "callcenter",
        "persistent": True,
        **options,
    }
    return {
        "body": content.decode(),
        "options": {**given, "headers": {**authorization(content, None), **(headers or {})}},
    }


async def test_a_message_of_another_client_is_registered_or_refused_like_any_other(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]], modules: Path
) -> None:
    await fill(pool)
    now = datetime.now(UTC)
    _publish(
        broker,
        modules,
        message(body(), messageId="een", timestamp=int(now.timestamp())),
        message(body(onderwerp="é 漢"), messageId="twee", headers={"x": {"y": [1, True, None]}}),
        message(body(), headers={"x": "no id"}),
        # A sender that counts in microseconds: no year that a decoder knows, and so no timestamp.
        message(body(), messageId="vier", timestamp=int(now.timestamp() * 1_000_000)),
    )
    await (await start("--role", "intake")).ready(1)

    async def recorded() -> bool:
        return bool(
            await pool.fetchval(
                "select (select count(*) from klantcontact)"
                " + (select count(*) from dead_letter) >= 4"
            )
        )

    await until(recorded, "all four are on record")
    rows = await pool.fetch("select bericht_id from bericht order by bericht_id")
    assert [row[0] for row in rows] == ["een", "twee", "vier"]
    refused = await pool.fetch("select code, headers->>'user_id' from dead_letter order by code")
    assert [tuple(row) for row in refused] == [("bericht-ongeldig", "callcenter")]


PROVIDER: dict[str, Key] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "RS256"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ES256"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "EdDSA"}),
}


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """The worker's keys: the tests' secrets, and an identity provider with three kinds."""
    settings = tokens.write(tmp_path)
    public = [key.as_dict(private=False) for key in PROVIDER.values()]
    (tmp_path / "jwks.json").write_bytes(orjson.dumps({"keys": public}))
    return settings


async def test_tokens_and_events_of_other_libraries_are_accepted(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]], modules: Path
) -> None:
    await fill(pool)
    openid = {"sub": "s-1", "preferred_username": "mdw-0042"}
    zgw = {"iss": tokens.CLIENT, "client_id": tokens.CLIENT, "user_id": "mdw-0042"}
    secret = urlsafe_b64encode(tokens.SECRET.encode()).rstrip(b"=").decode()
    shared = {"kty": "oct", "k": secret, "alg": "HS256"}
    signing = [
        {"name": name, "claims": openid, "key": {**key.as_dict(private=True), "alg": name}}
        for name, key in PROVIDER.items()
    ]
    signing.append({"name": "HS256", "claims": zgw, "key": shared})
    given = {"type": REGISTREREN, "contact": contact(), "tokens": signing}
    made = _node(modules, "speak.js", orjson.dumps(given)).splitlines()
    _publish(broker, modules, *map(orjson.loads, made))
    program = await (await start("--role", "intake")).ready(1)
    for each in signing:
        for form in ("structured", "binary"):
            name = f"{each['name']}-{form}"
            await program.logged("klantcontact", bericht=name, outcome="geregistreerd")


def _zgw_client() -> Any:  # noqa: ANN401 (a library without types)
    """gemma-zds-client's module of tokens; the package around it wants an old setuptools."""
    package = importlib.util.find_spec("zds_client")
    assert package is not None
    assert package.origin is not None
    spec = importlib.util.spec_from_file_location("auth", Path(package.origin).parent / "auth.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_a_token_of_the_zgw_client_of_others_is_accepted(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool)
    client = _zgw_client().ClientAuth(tokens.CLIENT, tokens.SECRET, "mdw-0042", "Mieke Medewerker")
    program = await (await start("--role", "intake")).ready(1)
    await broker.publish(
        body(),
        message_id="een",
        # Its header is HTTP's, with a capital: that is taken too.
        headers={**client.credentials(), "authorization": None},
    )
    await program.logged("klantcontact", bericht="een", outcome="geregistreerd")
