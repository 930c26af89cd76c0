"""The rules of trust, S6 and S7: who entered it is proven, and both parties may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.domain.facts import TOEVOEGEN
from worker.domain.identity import Scheme
from worker.errors import Code, Violation

if TYPE_CHECKING:
    from worker.domain.question import Question


def token_is_of_its_time(asked: Question) -> Violation | None:
    """A token is judged at the message's own time: it may have waited out an outage.

    `iat` <= time <= `exp`, or `iat` and the lifetime of tokens where there is no `exp`; the
    skew of clocks on either side.
    """
    identity, policy = asked.identity, asked.policy
    time, skew = asked.time.timestamp(), policy.clock_skew.total_seconds()
    begins = max(identity.issued, identity.not_before or identity.issued)
    if time < begins - skew:
        return _unproven("the token was not valid yet at the message's time", "authorization")
    ends = identity.expires
    if ends is None:
        ends = identity.issued + policy.token_lifetime.total_seconds()
    if time > ends + skew:
        detail = "jwt-expired: the token was no longer valid at the message's time"
        return _unproven(detail, "authorization")
    return None


def client_is_the_applicaties(asked: Question) -> Violation | None:
    """A ZGW token's `client_id` is one that the register has for the applicatie (S6)."""
    applicatie = asked.registered_applicatie
    if applicatie is None or asked.identity.scheme is not Scheme.ZGW:
        return None
    if asked.identity.client in applicatie.client_ids:
        return None
    detail = "invalid-client-identifier: the token's client_id is not one of this applicatie's"
    return _unproven(detail, "authorization")


def opvoerder_is_authenticated(asked: Question) -> Violation | None:
    """The opvoerder is who the token names: proven, not claimed (S6)."""
    if asked.identity.proves(asked.klantcontact.opvoerder):
        return None
    return _unproven("the token does not name this opvoerder", "opvoerder")


def _unproven(detail: str, field: str) -> Violation:
    return Violation(Code.OPVOERDER_NIET_GEAUTHENTICEERD, detail, field)


def opvoerder_is_authorised(asked: Question) -> Violation | None:
    """Whoever enters it may do so for this zaak (S7); a betrokkene may for their own."""
    if (asked.klantcontact.zaak is not None and asked.zaak is None) or asked.opvoerder_may():
        return None
    detail = f"no autorisatie with scope {TOEVOEGEN} covers this zaak"
    return Violation(Code.OPVOERDER_NIET_GEAUTORISEERD, detail, "opvoerder")


def applicatie_is_authorised(asked: Question) -> Violation | None:
    """The applicatie needs the scope as well (S7, Autorisaties API)."""
    if (asked.klantcontact.zaak is not None and asked.zaak is None) or asked.applicatie_may():
        return None
    detail = f"no autorisatie with scope {TOEVOEGEN} covers this zaak"
    return Violation(Code.APPLICATIE_NIET_GEAUTORISEERD, detail, "user_id")
