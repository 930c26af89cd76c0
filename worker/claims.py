"""What the claims of a verified token say: ZGW's and OpenID Connect's names for the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from worker.domain.identity import Identity, Scheme
from worker.errors import Code, Refusal, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 200

Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say, and which claims say it; a claim within another has dots."""

    issuer: str | None = None
    audience: str | None = None
    person: str = "preferred_username"
    roles: str = "roles"
    digest: bool = False
    """Whether every token must be bound to its message by a claim `digest`."""


def identity_of(
    claims: Claims, expected: Expected, binding: bytes, *, shared: bool
) -> tuple[Identity, str | None]:
    """The identity in `claims`, and the digest of the body that the token is bound to, if any.

    `shared` says that it was signed with a shared secret: a ZGW token. `binding` stands for the
    token where it is bound. Raises Refusal for what is missing or not as expected.
    """
    if shared:
        if _text(claims, "iss") is None:
            raise unproven("the token has no iss")
    else:
        _check_parties(claims, expected)
    digest = _text(claims, "digest")
    identity = Identity(
        scheme=Scheme.ZGW if shared else Scheme.OPENID,
        issued=_issued(claims),
        expires=_moment(claims, "exp"),
        not_before=_moment(claims, "nbf"),
        client=_text(claims, "client_id") or _text(claims, "azp"),
        person=_text(claims, "user_id" if shared else expected.person),
        subject=None if shared else _text(claims, "sub"),
        organisatie=_text(claims, "organisatie"),
        roles=_roles(claims, "roles" if shared else expected.roles),
        binding=binding if digest else None,
    )
    return identity, digest.rstrip("=") if digest else None


def _check_parties(claims: Claims, expected: Expected) -> None:
    """Issuer and audience of OpenID Connect (Core 1.0, section 3.1.3.7), where they are set."""
    if expected.issuer is not None and claims.get("iss") != expected.issuer:
        raise unproven("the token is not the expected issuer's (iss)")
    audience = claims.get("aud")
    if expected.audience is not None and expected.audience not in (
        audience if isinstance(audience, list) else [audience]
    ):
        raise unproven("the token is meant for another audience (aud)")


def _issued(claims: Claims) -> float:
    issued = _moment(claims, "iat")
    if issued is None:
        raise unproven("jwt-missing-iat-claim: the token does not say when it was issued")
    return issued


def _moment(claims: Claims, name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2), in seconds since 1970."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise unproven(f"the token's {name} is no moment in seconds since 1970")
    return float(value)


def _text(claims: Claims, path: str) -> str | None:
    """The claim at `path`, which may lie within others; an empty one counts as absent."""
    value = _at(claims, path)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or "\x00" in value:
        raise unproven(f"the token's {path} is no text of at most {_LONGEST} characters")
    return value


def _roles(claims: Claims, path: str) -> tuple[str, ...]:
    """One text is one role, as some providers have it; how many there are the token bounds."""
    value = _at(claims, path)
    if value is None:
        return ()
    roles: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and len(each) <= _LONGEST for each in roles):
        detail = f"the token's {path} is neither a text nor a list of texts, each of at most"
        raise unproven(f"{detail} {_LONGEST} characters")
    return tuple(each for each in roles if each and "\x00" not in each)


def _at(claims: Mapping[str, Any], path: str) -> object:
    """By its whole name first: an address as a name, as some providers have it, holds dots."""
    if path in claims:
        return claims[path]
    first, _, rest = path.partition(".")
    inner = claims.get(first)
    return _at(inner, rest) if rest and isinstance(inner, dict) else None


def unproven(detail: str, *, passing: bool = False) -> Refusal:
    """The refusal of a token; `detail` holds none of its values."""
    code = Code.OPVOERDER_NIET_GEAUTHENTICEERD
    return Refusal(Violation(code, detail, "authorization", passing=passing))
