"""What a token proves of whoever entered a klantcontact (S6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from worker.domain.klantcontact import OpvoerderSoort

if TYPE_CHECKING:
    from worker.domain.klantcontact import Opvoerder


class Scheme(StrEnum):
    """Which kind of token it is: a ZGW one with a shared secret, or an OpenID Connect one."""

    ZGW = "zgw"
    OPENID = "openid"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a token says whose signature is good.

    `client` is `client_id` or `azp`, `person` ZGW's `user_id` or the OpenID Connect claim that
    is set, `subject` OpenID Connect's `sub`. Moments are in seconds since 1970. `binding` is
    the SHA-256 of the signed part where the token is bound to one message by its `digest`.
    """

    scheme: Scheme
    issued: float
    expires: float | None = None
    not_before: float | None = None
    client: str | None = None
    person: str | None = None
    subject: str | None = None
    organisatie: str | None = None
    roles: tuple[str, ...] = ()
    binding: bytes | None = None

    def proves(self, opvoerder: Opvoerder) -> bool:
        """Whether `opvoerder` is who the token names (the table in docs/channels.md)."""
        name = opvoerder.identificatie
        match opvoerder.soort:
            case OpvoerderSoort.MEDEWERKER:
                return self.person == name
            case OpvoerderSoort.ORGANISATORISCHE_EENHEID:
                return self.person is not None and self.organisatie == name
            case OpvoerderSoort.GEAUTOMATISEERDE_ACTOR:
                return self.person is None and self.client == name
            case OpvoerderSoort.BETROKKENE:
                return self.scheme is Scheme.OPENID and self.subject == name
