"""Keys from files: read at the start, read again when they change, kept when they go wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.contacts import NOW
from tests.fakes import Lines
from tests.tokens import CLIENT, KEY_SET, PROVIDER, SECRET, by_hand, openid, zgw
from worker.claims import Expected
from worker.errors import Refusal, UsageError
from worker.keys.key_set import parse_key_set
from worker.keys.secrets_file import parse_secrets
from worker.keys.token_keys import Sources, TokenKeys

if TYPE_CHECKING:
    from pathlib import Path

ISSUED = NOW.timestamp()
HOUR = timedelta(hours=1)
SHORT = {"iss": CLIENT, "client_id": CLIENT, "iat": ISSUED, "user_id": "m"}
NEW = "een-ander-geheim-van-ook-meer-dan-32-bytes"


def secrets(**clients: object) -> bytes:
    return orjson.dumps(clients)


class Kept:
    """Keys of two files, which a test writes."""

    def __init__(self, folder: Path) -> None:
        self.secrets, self.key_set = folder / "secrets.json", folder / "jwks.json"
        self.secrets.write_bytes(secrets(kcc={"current": SECRET}))
        self.key_set.write_bytes(KEY_SET)
        self.lines = Lines()
        sources = Sources(self.secrets, str(self.key_set), HOUR)
        self.keys = TokenKeys(sources, Expected(), self.lines.log)

    def good(self, token: str) -> bool:
        """Whether a token is good, by the files as they are now."""
        self.keys.look()
        try:
            self.keys.prove({"authorization": f"Bearer {token}"}, b"")
        except Refusal:
            return False
        return True

    @property
    def said(self) -> list[str]:
        return [line["reden"] for line in self.lines.of("sleutels_ongewijzigd")]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_tokens_of_both_kinds_are_verified(kept: Kept) -> None:
    assert kept.good(zgw(issued=ISSUED, user_id="m"))
    assert kept.good(openid(issued=ISSUED, sub="s"))


def test_a_secret_is_rotated_without_refusing_anybody(kept: Kept) -> None:
    old, new = (zgw(issued=ISSUED, secret=each, user_id="m") for each in (SECRET, NEW))
    assert (kept.good(old), kept.good(new)) == (True, False)
    kept.secrets.write_bytes(secrets(kcc={"current": NEW, "previous": SECRET}))
    assert (kept.good(old), kept.good(new)) == (True, True)
    kept.secrets.write_bytes(secrets(kcc={"current": NEW}))
    assert (kept.good(old), kept.good(new)) == (False, True)


def test_a_client_that_is_let_go_is_refused_with_the_next_batch(kept: Kept) -> None:
    token = zgw(issued=ISSUED, user_id="m")
    assert kept.good(token)
    kept.secrets.write_bytes(secrets(balie={"current": NEW}))
    assert not kept.good(token)


def test_a_key_set_that_changes_is_taken_up(kept: Kept) -> None:
    other = OKPKey.generate_key("Ed25519", {"kid": "other"})
    kept.key_set.write_bytes(orjson.dumps({"keys": [other.as_dict(private=False)]}))
    assert not kept.good(openid(issued=ISSUED, sub="s"))
    kept.key_set.write_bytes(KEY_SET)
    assert kept.good(openid(issued=ISSUED, sub="s"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"kcc": {}}'], ids=str)
def test_a_file_that_is_no_good_leaves_the_keys_and_is_said_once(
    kept: Kept, content: bytes
) -> None:
    kept.secrets.write_bytes(content)
    token = zgw(issued=ISSUED, user_id="m")
    assert [kept.good(token) for _ in range(3)] == [True] * 3
    (said,) = kept.said
    assert "KLANTCONTACT_TOKEN_SECRETS_FILE" in said
    kept.secrets.write_bytes(secrets(kcc={"current": NEW}))
    assert not kept.good(token)


def test_a_file_that_is_gone_leaves_the_keys_and_is_said_once(kept: Kept) -> None:
    kept.secrets.unlink()
    assert [kept.good(zgw(issued=ISSUED, user_id="m")) for _ in range(3)] == [True] * 3
    (said,) = kept.said
    assert "cannot be read: No such file" in said


def test_a_file_of_secrets_that_is_no_good_does_not_hold_up_the_key_set(kept: Kept) -> None:
    kept.secrets.write_bytes(b"{")
    other = OKPKey.generate_key("Ed25519", {"kid": "other"})
    kept.key_set.write_bytes(orjson.dumps({"keys": [other.as_dict(private=False)]}))
    assert not kept.good(openid(issued=ISSUED, sub="s"))


def test_a_short_secret_works_and_is_said_by_its_client(kept: Kept) -> None:
    kept.secrets.write_bytes(secrets(kcc={"current": "kort"}))
    assert kept.good(by_hand(b"kort", SHORT))
    (line,) = kept.lines.of("geheim_kort")
    assert line["client_id"] == CLIENT
    assert "kort" not in str({**line, "event": ""})


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ((None, ""), "no token can be verified"),
        ((None, None), "KLANTCONTACT_TOKEN_SECRETS_FILE, KLANTCONTACT_OPENID_JWKS or both"),
        (("none.json", None), "cannot be read"),
        (("wrong.json", None), "does not hold token secrets"),
        ((None, "none.json"), "cannot be read"),
        ((None, "wrong.json"), "holds no key set"),
        ((None, "http://idp.example.nl/jwks"), "https://"),
        ((None, "ftp://idp.example.nl/jwks"), "https://"),
    ],
    ids=str,
)
def test_a_worker_without_usable_keys_does_not_start_and_says_why(
    tmp_path: Path, sources: tuple[str | None, str | None], says: str
) -> None:
    (tmp_path / "wrong.json").write_bytes(b'{"a": 1}')
    file, key_set = sources
    given = Sources(
        tmp_path / file if file else None,
        key_set if not key_set or "://" in key_set else str(tmp_path / key_set),
        HOUR,
    )
    with pytest.raises(UsageError, match=says):
        TokenKeys(given, Expected(), Lines().log)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b'"x"',
        b'{"kcc": "geheim-1"}',
        b'{"kcc": {"current": ""}}',
        b'{"kcc": {"current": 7}}',
        b'{"kcc": {"current": "geheim-1", "next": "geheim-2"}}',
        orjson.dumps(
            {"kcc": {"current": RSAKey.generate_key(2048).as_pem(private=False).decode()}}
        ),
        b"[" * 100_000,
    ],
    ids=lambda content: content[:40].decode("ascii", "replace"),
)
def test_what_holds_no_secrets_is_refused_without_showing_any(content: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        parse_secrets(content, "FILE")
    assert str(caught.value).startswith("FILE does not hold token secrets")
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def _jwk(key: Any, **changes: object) -> dict[str, Any]:  # noqa: ANN401 (any key of the library)
    return {**key.as_dict(private=False), **changes}


def test_each_key_has_the_algorithms_of_its_own_type_and_no_other() -> None:
    keys = {
        "keys": [
            _jwk(RSAKey.generate_key(2048), kid="rsa"),
            _jwk(ECKey.generate_key("P-256"), kid="ec", alg="ES256", use="sig"),
            _jwk(PROVIDER, kid="ed"),
        ]
    }
    found = parse_key_set(orjson.dumps(keys), "FILE")
    assert {kid: key.algorithms for kid, key in found.items()} == {
        "rsa": {"RS256"},
        "ec": {"ES256"},
        "ed": {"EdDSA", "Ed25519"},
    }


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the short key is made here
def test_an_rsa_key_that_is_shorter_than_the_standard_asks_is_left_out() -> None:
    short, long = (RSAKey.generate_key(size, {"kid": f"{size}"}) for size in (1024, 2048))
    given = orjson.dumps({"keys": [each.as_dict(private=False) for each in (short, long)]})
    assert set(parse_key_set(given, "FILE")) == {"2048"}


def test_keys_that_are_for_something_else_are_left_out() -> None:
    keys = {
        "keys": [
            _jwk(PROVIDER, kid="good"),
            _jwk(RSAKey.generate_key(2048), kid="encryption", use="enc"),
            _jwk(RSAKey.generate_key(2048), kid="other-algorithm", alg="RS512"),
            _jwk(ECKey.generate_key("P-384"), kid="other-curve"),
            OctKey.import_key(SECRET).as_dict(private=True, kid="shared"),
            {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
            {"kty": "unheard-of", "kid": "x"},
        ]
    }
    assert set(parse_key_set(orjson.dumps(keys), "FILE")) == {"good"}


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [7]}'], ids=str
)
def test_what_holds_no_public_key_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="FILE holds no"):
        parse_key_set(content, "FILE")
