"""Tokens: whose signature is good, and what is remembered of them."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from tests.contacts import NOW
from tests.tokens import (
    CLIENT,
    PROVIDER,
    SECRET,
    FixedProofs,
    by_hand,
    keys,
    openid,
    signed,
    zgw,
)
from worker.authentication import Authentication, Keys, PublicKey, bearer, body_digest
from worker.claims import Expected
from worker.domain.identity import Identity, Scheme
from worker.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUED = NOW.timestamp()
BODY = b'{"zaak": "ZAAK-1"}'
RSA, OTHER_RSA = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")


ANY = Expected()


def proven(token: str, expected: Expected = ANY, *, body: bytes = BODY) -> Identity:
    return FixedProofs(expected).prove({"authorization": f"Bearer {token}"}, body)


def why(act: Callable[[], object]) -> str:
    """What the refusal says; it is always one of the same code."""
    with pytest.raises(Refusal) as caught:
        act()
    (violation,) = caught.value.violations
    assert (violation.code, violation.field) == (
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "authorization",
    )
    return violation.detail


def _with(public: dict[str | None, PublicKey]) -> Authentication:
    authentication = Authentication(Expected())
    authentication.keys = replace(keys(), public=public)
    return authentication


def test_a_zgw_token_names_its_client_and_its_person() -> None:
    token = zgw(issued=ISSUED, user_id="mdw-0042", user_representation="M.", roles=["kcc"])
    identity = proven(token)
    assert identity == Identity(
        Scheme.ZGW, ISSUED, client=CLIENT, person="mdw-0042", roles=("kcc",)
    )


def test_an_openid_token_names_subject_and_person_by_the_claims_that_are_set() -> None:
    realm = {"roles": ["kcc-medewerker"]}
    token = openid(issued=ISSUED, sub="s-1", email="m@example.nl", azp="app", realm_access=realm)
    identity = proven(token, Expected(person="email", roles="realm_access.roles"))
    assert (identity.scheme, identity.subject, identity.person) == (
        Scheme.OPENID,
        "s-1",
        "m@example.nl",
    )
    assert (identity.client, identity.roles) == ("app", ("kcc-medewerker",))
    assert identity.expires == ISSUED + 300


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        ("kcc-medewerker", ("kcc-medewerker",)),
        ([f"rol-{number}" for number in range(300)], tuple(f"rol-{n}" for n in range(300))),
        ("", ()),
        ([], ()),
        (["", "kcc"], ("kcc",)),
        (["a\x00b", "kcc"], ("kcc",)),
    ],
)
def test_roles_are_one_text_or_as_many_as_the_token_holds(
    claim: object, roles: tuple[str, ...]
) -> None:
    token = openid(issued=ISSUED, upn="m@g.example", role=claim)
    assert proven(token, Expected(person="upn", roles="role")).roles == roles


def test_a_claim_whose_own_name_holds_dots_is_found() -> None:
    token = openid(issued=ISSUED, **{"https://example.nl/user.id": "mdw-0042"})
    assert proven(token, Expected(person="https://example.nl/user.id")).person == "mdw-0042"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", RSA), ("ES256", EC), ("EdDSA", PROVIDER)],
    ids=["RS256", "ES256", "EdDSA"],
)
def test_every_algorithm_of_openid_is_verified(algorithm: str, key: Key) -> None:
    authentication = _with({"k": PublicKey(key, frozenset({algorithm}))})
    token = _signed(algorithm, key, {"iat": ISSUED, "sub": "s"}, kid="k")
    assert authentication.prove({"authorization": f"Bearer {token}"}, BODY).subject == "s"


def _signed(algorithm: str, key: Key, claims: dict[str, Any], **header: str) -> str:
    if algorithm != "EdDSA":
        return signed(algorithm, key, claims, **header)
    import warnings  # noqa: PLC0415 (the library's own word on a name that providers still use)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return signed(algorithm, key, claims, **header)


def test_a_token_without_kid_is_held_against_the_only_key_there_is() -> None:
    token = signed("RS256", RSA, {"iat": ISSUED, "sub": "s"})
    headers = {"authorization": f"Bearer {token}"}
    one = PublicKey(RSA, frozenset({"RS256"}))
    assert _with({"k": one}).prove(headers, BODY).subject == "s"
    two: dict[str | None, PublicKey] = {"k": one, "l": PublicKey(OTHER_RSA, frozenset({"RS256"}))}
    assert "kid" in why(lambda: _with(two).prove(headers, BODY))


def test_the_previous_secret_is_good_until_it_is_taken_out() -> None:
    authentication = Authentication(Expected())
    old, new = OctKey.import_key(SECRET), OctKey.import_key("n" * 40)
    headers = {"authorization": f"Bearer {zgw(issued=ISSUED, user_id='m')}"}
    authentication.keys = Keys({CLIENT: [new, old]})
    assert authentication.prove(headers, BODY).person == "m"
    authentication.keys = Keys({CLIENT: [new]})
    assert "invalid-jwt-signature" in why(lambda: authentication.prove(headers, BODY))


def test_what_was_good_is_forgotten_with_the_keys() -> None:
    authentication = Authentication(Expected())
    authentication.keys = keys()
    headers = {"authorization": f"Bearer {zgw(issued=ISSUED, user_id='m')}"}
    authentication.prove(headers, BODY)
    authentication.keys = Keys()
    assert "invalid-client-identifier" in why(lambda: authentication.prove(headers, BODY))


def test_a_token_that_is_known_is_not_verified_again() -> None:
    authentication = Authentication(Expected())
    verified = []

    class Counting(OctKey):
        def get_op_key(self, operation: Any) -> Any:  # noqa: ANN401 (the base class's signature)
            verified.append(operation)
            return super().get_op_key(operation)

    authentication.keys = Keys({CLIENT: [Counting.import_key(SECRET)]})
    headers = {"authorization": f"Bearer {zgw(issued=ISSUED, user_id='m')}"}
    for _ in range(100):
        authentication.prove(headers, BODY)
    assert verified == ["verify"]


def test_no_more_than_a_bounded_number_of_tokens_is_remembered() -> None:
    authentication = Authentication(Expected())
    authentication.keys = keys()
    for number in range(4200):
        token = zgw(issued=ISSUED, user_id=f"m-{number}")
        authentication.prove({"authorization": f"Bearer {token}"}, BODY)
    assert len(authentication._known) == 4096  # noqa: SLF001 (that it is bounded shows nowhere else)


def test_a_bound_token_is_good_for_its_own_body_alone() -> None:
    token = zgw(issued=ISSUED, user_id="m", digest=body_digest(BODY))
    assert proven(token).binding is not None
    assert proven(zgw(issued=ISSUED, user_id="m", digest=body_digest(BODY) + "=")).binding
    assert "another message" in why(lambda: proven(token, body=BODY + b" "))


def test_a_token_that_is_not_bound_is_refused_where_it_must_be() -> None:
    assert proven(zgw(issued=ISSUED, user_id="m")).binding is None
    token = zgw(issued=ISSUED, user_id="m")
    assert "digest" in why(lambda: proven(token, Expected(digest=True)))


def test_two_tokens_of_one_payload_are_one_binding_whatever_their_signatures_look_like() -> None:
    token = zgw(issued=ISSUED, user_id="m", digest=body_digest(BODY))
    assert proven(token).binding == proven(token).binding
    other = zgw(issued=ISSUED + 1, user_id="m", digest=body_digest(BODY))
    assert proven(token).binding != proven(other).binding


def _altered(token: str, **claims: object) -> str:
    """The token with other claims and the old signature."""
    header, payload, signature = token.split(".")
    told = orjson.loads(base64.urlsafe_b64decode(payload + "=="))
    fresh = base64.urlsafe_b64encode(orjson.dumps({**told, **claims})).rstrip(b"=").decode()
    return f"{header}.{fresh}.{signature}"


def _unsigned(algorithm: str) -> str:
    head = base64.urlsafe_b64encode(orjson.dumps({"alg": algorithm})).rstrip(b"=").decode()
    claims = {"iss": CLIENT, "client_id": CLIENT, "iat": int(ISSUED), "user_id": "mdw-0042"}
    body = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()
    return f"{head}.{body}."


def _headed(header: object) -> str:
    head = base64.urlsafe_b64encode(orjson.dumps(header)).rstrip(b"=").decode()
    return f"{head}.{_unsigned('HS256').split('.')[1]}.AAAA"


RSA_AS_SECRET = RSA.as_pem(private=False)

FORGED: dict[str, tuple[str, str]] = {
    "other claims": (_altered(zgw(issued=ISSUED, user_id="a"), user_id="b"), "signature"),
    "another secret": (zgw(issued=ISSUED, secret="x" * 40, user_id="a"), "signature"),
    "no signature": (_unsigned("HS256"), "signature"),
    "none": (_unsigned("none"), "algorithm"),
    "None": (_unsigned("None"), "algorithm"),
    "another algorithm": (
        signed("HS512", OctKey.import_key("s" * 70), {"iat": 1, "client_id": CLIENT}),
        "algorithm",
    ),
    "a public key as a secret": (
        by_hand(RSA_AS_SECRET, {"iat": ISSUED, "iss": CLIENT, "client_id": CLIENT}),
        "signature",
    ),
    "a public key as a secret, without a client": (
        by_hand(RSA_AS_SECRET, {"iat": ISSUED}, kid="tests"),
        "missing-client-identifier",
    ),
    "an unknown client": (zgw(issued=ISSUED, client="x"), "invalid-client-identifier"),
    "an unknown kid": (signed("RS256", RSA, {"iat": ISSUED}, kid="x"), "kid"),
    "a key of its own in the header": (
        signed("RS256", RSA, {"iat": ISSUED}, kid="tests"),
        "signature",
    ),
    "another key's algorithm": (
        signed("ES256", EC, {"iat": ISSUED, "sub": "s"}, kid="tests"),
        "signature",
    ),
    "no moment": (zgw(issued=ISSUED, iat=None), "jwt-missing-iat-claim"),
    "a moment in words": (zgw(issued=ISSUED, iat="now"), "iat"),
    "a moment that is true": (zgw(issued=ISSUED, iat=True), "iat"),
    "an end in words": (zgw(issued=ISSUED, exp="never"), "exp"),
    "no issuer": (zgw(issued=ISSUED, iss=None), "iss"),
    "a person who is a list": (zgw(issued=ISSUED, user_id=["a"]), "user_id"),
    "a person of great length": (zgw(issued=ISSUED, user_id="a" * 201), "user_id"),
    "a person with NUL": (zgw(issued=ISSUED, user_id="a\x00"), "user_id"),
    "roles that are no texts": (zgw(issued=ISSUED, roles=["admin", 1]), "roles"),
    "roles that are an object": (zgw(issued=ISSUED, roles={"admin": True}), "roles"),
    "a role that is too long": (zgw(issued=ISSUED, roles="r" * 201), "roles"),
    "two parts": ("a.b", "jwt-decode-error"),
    "no token": ("x", "jwt-decode-error"),
    "a token of great length": ("a" * 8193, "jwt-decode-error"),
    "beyond ASCII": ("é.é.é", "jwt-decode-error"),
    "an algorithm that is a list": (_headed({"alg": ["HS256"]}), "algorithm"),
    "an algorithm that is an object": (_headed({"alg": {}}), "algorithm"),
    "a text as header": (_headed("alg"), "jwt-decode-error"),
    "a text as header that names two fields": (_headed("algb64"), "jwt-decode-error"),
    "a list as header": (_headed(["alg"]), "jwt-decode-error"),
    "a list as payload": (
        "eyJhbGciOiJIUzI1NiJ9.W10.AAAA",
        "jwt-decode-error",
    ),
}


@pytest.mark.parametrize(("token", "says"), FORGED.values(), ids=FORGED)
def test_it_is_refused_and_told_why(token: str, says: str) -> None:
    assert says in why(lambda: proven(token))


@pytest.mark.parametrize(
    ("claims", "says"),
    [({"iss": "https://elders.example.nl"}, "iss"), ({"aud": ["elders"]}, "aud"), ({}, "aud")],
    ids=["another issuer", "another audience", "no audience"],
)
def test_issuer_and_audience_are_checked_where_they_are_set(
    claims: dict[str, Any], says: str
) -> None:
    expected = Expected("https://idp.example.nl", "klantcontact")
    token = openid(issued=ISSUED, sub="s", **claims)
    assert f"({says})" in why(lambda: proven(token, expected))
    assert proven(token).subject == "s"
    good = openid(issued=ISSUED, sub="s", aud=["elders", "klantcontact"])
    assert proven(good, expected).subject == "s"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer "},
        {"authorization": "Basic eA=="},
        {"authorization": 7},
        {"authorization": ["Bearer x"]},
        {"token": "Bearer x"},
    ],
    ids=str,
)
def test_without_a_bearer_token_the_sender_is_told_where_to_put_one(
    headers: dict[str, Any],
) -> None:
    assert "authorization: Bearer" in why(lambda: FixedProofs().prove(headers, BODY))


@pytest.mark.parametrize(
    "value", ["Bearer abc", "bearer  abc ", b"Bearer abc"], ids=["plain", "loose", "bytes"]
)
def test_a_token_is_found_however_a_client_writes_the_header(value: object) -> None:
    assert bearer({"authorization": value}) == bearer({"Authorization": value}) == b"abc"


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_header_is_refused_or_a_token(value: object) -> None:
    with pytest.raises(Refusal):
        FixedProofs().prove({"authorization": value}, BODY)


_NAMES = ["iss", "iat", "exp", "nbf", "user_id", "roles", "digest", "organisatie", "azp"]
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=5))
def test_any_claims_are_an_identity_or_refused(claims: dict[str, Any]) -> None:
    with suppress(Refusal):
        proven(by_hand(SECRET.encode(), {"client_id": CLIENT, **claims}))


def test_a_key_that_names_its_algorithm_is_good_for_no_other() -> None:
    key = OKPKey.generate_key("Ed25519")
    authentication = _with({"k": PublicKey(key, frozenset({"Ed25519"}))})
    token = _signed("EdDSA", key, {"iat": ISSUED, "sub": "s"}, kid="k")
    headers = {"authorization": f"Bearer {token}"}
    assert "signature" in why(lambda: authentication.prove(headers, BODY))


def test_ed25519_goes_by_both_of_its_names() -> None:
    key = OKPKey.generate_key("Ed25519")
    authentication = _with({"k": PublicKey(key, frozenset({"EdDSA", "Ed25519"}))})
    for name in ("EdDSA", "Ed25519"):
        token = _signed(name, key, {"iat": ISSUED, "sub": "s"}, kid="k")
        assert authentication.prove({"authorization": f"Bearer {token}"}, BODY).subject == "s"
