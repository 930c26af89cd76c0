"""Tokens in a header, and the files that hold the keys for them."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Final

import orjson

from tests.contacts import NOW, delivery
from tests.facts import register
from tests.fuzz import judging
from tests.fuzz.judging import CANARY
from tests.fuzz.pieces import joined, split, text
from tests.fuzz.target import Target
from tests.known import known
from tests.registrations import question, registration, unreadable
from tests.tokens import CLIENT, KEY_SET, SECRET, SECRETS, keys, openid, zgw
from worker.authentication import Authentication
from worker.claims import Expected
from worker.domain.rules import violations as judge
from worker.errors import Refusal, UsageError
from worker.keys.key_set import parse_key_set
from worker.keys.secrets_file import parse_secrets

_EXPECTED: Final = Expected(roles="realm_access.roles")
_ISSUED: Final = NOW.timestamp()
_FACTS: Final = known(*register())
_ASKED: Final = registration("een")


def authorization(data: bytes) -> None:
    """Whatever stands in the header, as a text or as bytes."""
    for value in (text(data), data, {"a": [text(data)]}):
        _proven(value)


def signed(data: bytes) -> None:
    """Any header and claims under a good signature: a secret is all that its holder has."""
    header, claims = split(data, 2)
    part = b".".join(urlsafe_b64encode(each).rstrip(b"=") for each in (header, claims))
    signature = urlsafe_b64encode(hmac.digest(SECRET.encode(), part, "sha256")).rstrip(b"=")
    _proven(b"Bearer " + part + b"." + signature)


def _proven(value: object) -> None:
    authentication = Authentication(_EXPECTED)
    authentication.keys = keys()
    try:
        identity = authentication.prove({"authorization": value}, b"{}")
    except Refusal as refusal:
        judging.refusal(refusal)
        return
    judging.storable(identity)
    assert len(identity.roles) <= 100
    judging.kept(replace(unreadable(delivery(b"{")), identity=identity))
    judge(question(_ASKED, _FACTS, identity=identity))


def secrets(data: bytes) -> None:
    try:
        found = parse_secrets(data, "the file")
    except UsageError as error:
        judging.secret(error)
    else:
        assert found.keys.keys() >= set(found.short)


def key_set(data: bytes) -> None:
    try:
        found = parse_key_set(data, "the file")
    except UsageError as error:
        judging.secret(error)
    else:
        assert found
        assert all(each.algorithms for each in found.values())


_CLAIMS: Final = {
    "iss": CLIENT,
    "client_id": CLIENT,
    "iat": int(_ISSUED),
    "exp": int(_ISSUED) + 60,
    "nbf": int(_ISSUED),
    "user_id": CANARY,
    "organisatie": "KCC",
    "roles": ["baliemedewerker"],
    "digest": "RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o=",
}
_NAMES: Final = tuple(name.encode() for name in (*_CLAIMS, "alg", "kid", "crit", "b64", "typ"))
_NUMBERS: Final = (b"1e999", b"-1e300", b"9" * 40, b"[]", b"{}", b"null", b"true", b'"\\u0000"')

AUTHORIZATION: Final = Target(
    authorization,
    (
        b"Bearer a.b.c",
        b"Bearer " + zgw(issued=_ISSUED, user_id="mdw-0042").encode(),
        b"bearer " + openid(issued=_ISSUED, sub="bsn-pseudoniem-1").encode(),
    ),
    (b"Bearer ", b".", b"==", urlsafe_b64encode(b'{"alg":["HS256"]}').rstrip(b"=")),
)
SIGNED: Final = Target(
    signed,
    (
        joined(b'{"alg":"HS256"}', orjson.dumps(_CLAIMS)),
        joined(b'{"alg":"HS256","kid":"x"}', b'{"iss":"kcc","client_id":"kcc","iat":1}'),
        joined(b'{"alg":"Ed25519","kid":"tests"}', b'{"iat":1}'),
        joined(b'"algb64"', b'{"client_id":"kcc","iss":"kcc","iat":1}'),
        joined(b'"alg"', b'{"client_id":"kcc","iss":"kcc","iat":1}'),
    ),
    (*_NAMES, *_NUMBERS, b"\x1e", b"HS256", b"none", b'["HS256"]'),
)
SECRETS_FILE: Final = Target(
    secrets,
    (orjson.dumps(SECRETS), orjson.dumps({"kcc": {"current": CANARY, "previous": CANARY}})),
    (b"current", b"previous", b"null", b"\\ud800", b"-----BEGIN PUBLIC KEY-----", b'""'),
)
KEY_SET_FILE: Final = Target(
    key_set,
    (
        KEY_SET,
        b'{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a","use":"sig","alg":"RS256"}]}',
        b'{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"oct","k":"AA"}]}',
    ),
    (b"RSA", b"EC", b"P-256", b"OKP", b"Ed25519", b"kty", b"crv", b"use", b"alg", b"[]", b"null"),
)
