"""A JSON Web Key Set (RFC 7517) as the keys that tokens may be verified with."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any, Final

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import import_key

from worker.authentication import PublicKey
from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

# By key type and curve. A key has the algorithms of its own type and no other, so that no
# token can choose how its signature is looked at.
_ALGORITHMS: Final[dict[tuple[str | None, str | None], frozenset[str]]] = {
    ("RSA", None): frozenset({"RS256"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
}


def parse_key_set(content: bytes, name: str) -> Mapping[str | None, PublicKey]:
    """The keys for signatures in `content`, by kid; those of other kinds are left out.

    Raises UsageError if there is none.
    """
    try:
        given = json.loads(content)["keys"]
        keys = {each.get("kid"): key for each in given if (key := _usable(each)) is not None}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f'{name} holds no key set: {{"keys": [...]}} (RFC 7517)') from None
    if not keys:
        kinds = "RSA of 2048 bits or more, EC on P-256 or Ed25519"
        raise UsageError(f"{name} holds no public key for signatures ({kinds})")
    return keys


def _usable(given: dict[str, Any]) -> PublicKey | None:
    kind = (given.get("kty"), given.get("crv"))
    algorithms = _ALGORITHMS.get(kind, frozenset())
    if "alg" in given:
        algorithms &= {given["alg"]}
    if not algorithms or given.get("use", "sig") != "sig":
        return None
    with warnings.catch_warnings():
        # RFC 7518, section 3.3: an RSA key of fewer than 2048 bits must not be used.
        warnings.simplefilter("error", SecurityWarning)
        try:
            return PublicKey(import_key(given), algorithms)
        except (JoseError, ValueError, SecurityWarning):
            return None
