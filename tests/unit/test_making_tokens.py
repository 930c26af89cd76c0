"""Tokens that `publish` and the demo make, held against what the worker proves with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from tests.contacts import NOW, body, opvoerder
from tests.registrations import registration
from worker.authentication import Authentication, Keys
from worker.claims import Expected
from worker.cli import tokens
from worker.cli.message_file import Named
from worker.cli.tokens import Binding
from worker.domain.klantcontact import OpvoerderSoort
from worker.errors import Refusal
from worker.keys.key_set import parse_key_set
from worker.keys.secrets_file import parse_secrets
from worker.stack.errors import StackError
from worker.stack.tokens import CLIENTS, add_clients, prepare, provider_key

if TYPE_CHECKING:
    from pathlib import Path

    from worker.stack.tokens import TokenFiles

SECRET = OctKey.import_key("een-geheim-van-de-tests-van-meer-dan-32-bytes")
BODY = body()
BINDING = Binding(BODY, NOW)


def claims(token: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(jws.extract_compact(token.encode()).payload)
    return content


def proving(files: TokenFiles) -> Authentication:
    """The worker, with the stack's files as its settings."""
    made = Authentication(Expected(digest=True))
    secrets = parse_secrets(files.secrets.read_bytes(), "secrets").keys
    made.keys = Keys(secrets, parse_key_set(files.key_set.read_bytes(), "jwks"))
    return made


@pytest.fixture
def files(tmp_path: Path) -> TokenFiles:
    return prepare(tmp_path)


@pytest.mark.parametrize("soort", [each for each in OpvoerderSoort if each.value != "betrokkene"])
def test_a_token_proves_the_opvoerder_that_it_is_made_for(
    files: TokenFiles, soort: OpvoerderSoort
) -> None:
    named = Named(soort, "kcc")
    secret = parse_secrets(files.secrets.read_bytes(), "secrets").keys["kcc"][0]
    token = tokens.shared(BINDING, secret, "kcc", named, None)
    identity = proving(files).prove({"authorization": f"Bearer {token}"}, BODY)
    who = opvoerder(soort=soort.value, identificatie="kcc")
    assert identity.proves(registration(opvoerder=who).klantcontact.opvoerder)
    assert identity.client == "kcc"
    assert identity.issued == NOW.timestamp()


def test_a_betrokkene_is_proven_by_the_stand_in_identity_provider(files: TokenFiles) -> None:
    key = provider_key(files.key)
    token = tokens.openid(BINDING, key, "burger-1", issuer=None, audience="kc")
    identity = proving(files).prove({"authorization": f"Bearer {token}"}, BODY)
    assert identity.subject == "burger-1"
    assert claims(token)["aud"] == "kc"


def test_a_token_is_bound_to_its_message(files: TokenFiles) -> None:
    secret = parse_secrets(files.secrets.read_bytes(), "secrets").keys["kcc"][0]
    made = [
        tokens.shared(BINDING, secret, "kcc", None, None),
        tokens.openid(BINDING, provider_key(files.key), "b", issuer=None, audience=None),
    ]
    for token in made:
        with pytest.raises(Refusal):
            proving(files).prove({"authorization": f"Bearer {token}"}, BODY + b" ")


def test_two_tokens_of_one_second_and_one_content_differ() -> None:
    first, second = (tokens.shared(BINDING, SECRET, "kcc", None, None) for _ in range(2))
    assert first.rpartition(".")[0] != second.rpartition(".")[0]


def test_a_message_that_names_nobody_is_signed_for_somebody() -> None:
    assert claims(tokens.shared(BINDING, SECRET, "kcc", None, None))["user_id"] == "publish"


def test_the_person_in_a_token_can_be_another() -> None:
    named = Named(OpvoerderSoort.MEDEWERKER, "mdw-1")
    assert claims(tokens.shared(BINDING, SECRET, "kcc", named, "mdw-2"))["user_id"] == "mdw-2"


def test_what_the_stack_made_is_kept_and_completed(files: TokenFiles, tmp_path: Path) -> None:
    made = [each.read_bytes() for each in (files.secrets, files.key, files.key_set)]
    assert set(json.loads(made[0])) == set(CLIENTS)
    assert prepare(tmp_path) == files
    assert [each.read_bytes() for each in (files.secrets, files.key, files.key_set)] == made
    add_clients(files.secrets, ["buur", "kcc"])
    after = json.loads(files.secrets.read_bytes())
    assert {name: after[name] for name in CLIENTS} == json.loads(made[0])
    assert set(after) == {*CLIENTS, "buur"}


def test_secrets_differ_and_are_as_long_as_the_standard_asks(files: TokenFiles) -> None:
    kept = parse_secrets(files.secrets.read_bytes(), "secrets")
    assert not kept.short
    content = json.loads(files.secrets.read_bytes())
    assert len({each["current"] for each in content.values()}) == len(CLIENTS)


def test_the_private_key_is_not_in_the_public_file(files: TokenFiles) -> None:
    assert "d" not in json.loads(files.key_set.read_bytes())["keys"][0]
    assert {oct(each.stat().st_mode & 0o777) for each in (files.secrets, files.key)} == {"0o600"}


@pytest.mark.parametrize("content", ["", "geen json", "[]", '{"kty": "OKP"}'])
def test_a_file_that_was_damaged_is_a_line_without_what_it_holds(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "identity-provider.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(StackError, match="cannot be used") as caught:
        provider_key(file)
    assert str(caught.value) == f"{file} cannot be used; start anew: klantcontact stack reset"
