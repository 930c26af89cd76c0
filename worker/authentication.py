"""Proof of who entered a klantcontact (S6): ZGW and OpenID Connect tokens, verified.

A token's algorithm chooses its family, and each family has keys of its own: HS256 is held
against the secrets of the `client_id`, the asymmetric ones against the identity provider's
public keys, each of which has one algorithm. So no public key ever serves as a secret. The
cryptography is joserfc's. Moments are judged elsewhere, by the message's own time: what is
remembered of a token is that its signature is good, never that its time is.
"""

from __future__ import annotations

import warnings
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning

from worker.claims import identity_of, unproven

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joserfc.jwk import Key

    from worker.claims import Expected
    from worker.domain.identity import Identity

LONGEST_TOKEN: Final = 8192
_MOST_KNOWN: Final = 4096
_ASYMMETRIC: Final = {"RS256", "ES256", "EdDSA", "Ed25519"}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key of the identity provider, and the algorithms that it may be used with."""

    key: Key
    algorithms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Keys:
    """What tokens are verified with: secrets by client_id, public keys by kid."""

    secrets: Mapping[str, Sequence[Key]] = field(default_factory=dict)
    """The current one first, then the one before it: a rotation refuses nobody."""
    public: Mapping[str | None, PublicKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    identity: Identity
    digest: str | None


class Authentication:
    """Verifies tokens with the keys in use, and remembers a bounded number that were good."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._keys = Keys()
        self._known: dict[bytes, _Known] = {}
        self.key_was_unknown = False
        """Whether a token named a public key that isn't there, since the keys were last set."""

    @property
    def keys(self) -> Keys:
        """The keys in use."""
        return self._keys

    @keys.setter
    def keys(self, keys: Keys) -> None:
        self._keys = keys
        self._known.clear()
        self.key_was_unknown = False

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        """Who the token in the header `authorization` names, if its signature is good.

        `body` is held against the token's claim `digest`. Raises Refusal
        (`opvoerder-niet-geauthenticeerd`).
        """
        token = bearer(headers)
        known = self._known.get(sha256(token).digest()) or self._verified(token)
        if known.digest is not None:
            if known.digest != body_digest(body):
                raise unproven("the token is bound to another message: its digest differs")
        elif self._expected.digest:
            raise unproven("the token must be bound to the message by a claim digest")
        return known.identity

    def _verified(self, token: bytes) -> _Known:
        try:
            signed = jws.extract_compact(token)
            claims = orjson.loads(signed.payload)
        except (JoseError, ValueError, TypeError):
            # TypeError: a header that is no object, but holds the name of one of its fields.
            raise unproven("jwt-decode-error: the token cannot be read") from None
        header: object = signed.headers()  # what JSON there was, whatever its type says
        if not (isinstance(header, dict) and isinstance(claims, dict)):
            raise unproven("jwt-decode-error: the token's header or payload is no object")
        self._check_signature(signed, claims)
        shared = signed.headers()["alg"] == "HS256"
        binding = sha256(token.rpartition(b".")[0]).digest()
        identity, digest = identity_of(claims, self._expected, binding, shared=shared)
        if len(self._known) >= _MOST_KNOWN:
            # The oldest goes: a token that is still in use costs one more verification.
            del self._known[next(iter(self._known))]
        known = self._known[sha256(token).digest()] = _Known(identity, digest)
        return known

    def _check_signature(self, signed: jws.CompactSignature, claims: dict[str, Any]) -> None:
        algorithm = signed.headers()["alg"]
        if algorithm == "HS256":
            keys, allowed = self._secrets(claims.get("client_id")), ["HS256"]
        elif isinstance(algorithm, str) and algorithm in _ASYMMETRIC:
            public = self._public(signed.headers().get("kid"))
            keys, allowed = [public.key], list(public.algorithms)
        else:
            raise unproven("the token's algorithm is not one of HS256, RS256, ES256, EdDSA")
        if not any(_fits(signed, key, allowed) for key in keys):
            if not signed.segments["signature"]:
                detail = "the token has no signature, and a dead letter keeps none: send it anew"
                raise unproven(f"invalid-jwt-signature: {detail}")
            raise unproven("invalid-jwt-signature: the token's signature is not good")

    def _secrets(self, client: object) -> Sequence[Key]:
        if not client or not isinstance(client, str):
            raise unproven("missing-client-identifier: the token has no client_id")
        secrets = self._keys.secrets.get(client)
        if not secrets:
            detail = "invalid-client-identifier: no secret is known for the token's client_id"
            raise unproven(detail)
        return secrets

    def _public(self, kid: object) -> PublicKey:
        """The key that `kid` names; without one, the only key that there is."""
        keys = self._keys.public
        if kid is None and len(keys) == 1:
            return next(iter(keys.values()))
        found = keys.get(kid) if isinstance(kid, str) else None
        if found is None:
            self.key_was_unknown = True
            detail = "the token's key (kid) is not one of the identity provider's"
            raise unproven(detail, passing=True)
        return found


def _fits(signed: jws.CompactSignature, key: Key, allowed: Sequence[str]) -> bool:
    with warnings.catch_warnings():
        # RFC 9864 calls EdDSA by another name; identity providers still use the old one.
        warnings.simplefilter("ignore", SecurityWarning)
        try:
            return jws.validate_compact(signed, key, allowed)
        except (JoseError, ValueError, TypeError):
            # What a key makes of a signature that is no signature of its kind.
            return False


def bearer(headers: Mapping[str, Any]) -> bytes:
    """The token in the header `authorization`; raises Refusal where there is none."""
    value = headers.get("authorization") or headers.get("Authorization")
    text = value.decode("ascii", "replace") if isinstance(value, bytes | bytearray) else value
    scheme, _, token = text.partition(" ") if isinstance(text, str) else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise unproven("set the header authorization: Bearer <token>")
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise unproven(f"jwt-decode-error: a token is ASCII of at most {LONGEST_TOKEN} characters")
    return token.strip().encode()


def body_digest(body: bytes) -> str:
    """What the claim `digest` holds: the SHA-256 of the body in base64url, without padding."""
    return urlsafe_b64encode(sha256(body).digest()).rstrip(b"=").decode()
