"""What the register says at the moment of deciding, looked up for a whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

ANY_ZAAKTYPE = "*"
TOEVOEGEN = "klantcontacten.toevoegen"
GEFORCEERD_BIJWERKEN = "klantcontacten.geforceerd-bijwerken"


class Vertrouwelijkheid(IntEnum):
    """vertrouwelijkheidaanduiding in rising order, as the Zaken API has it."""

    openbaar = 1
    beperkt_openbaar = 2
    intern = 3
    zaakvertrouwelijk = 4
    vertrouwelijk = 5
    confidentieel = 6
    geheim = 7
    zeer_geheim = 8


@dataclass(frozen=True, slots=True)
class Betrokkene:
    """Someone involved in a zaak, and how to reach them."""

    identificatie: str
    rol: str
    naam: str
    email: str | None
    taal: str
    notificaties: bool
    onbestelbaar: bool = False
    """Whether an earlier mail to this address came back for good."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a zaak stands (S2)."""

    omschrijving: str
    datum_gezet: datetime


@dataclass(frozen=True, slots=True)
class Zaak:
    """A zaak with its current status, its zaaktype's settings and who is involved.

    `klantcontacten_toegestaan`, `notificaties` and `behandelaar` (whether that one is told, too)
    are the process owner's (S8); they are False as long as the zaaktype is not known.
    """

    identificatie: str
    zaaktype: str
    einddatum: date | None
    vertrouwelijkheid: Vertrouwelijkheid
    status: Status | None
    klantcontacten_toegestaan: bool
    notificaties: bool
    behandelaar: bool = True
    betrokkenen: tuple[Betrokkene, ...] = ()


@dataclass(frozen=True, slots=True)
class Applicatie:
    """A channel system: which kanaal it is, which types it may send, under which client ids."""

    identificatie: str
    kanaal: str
    types: frozenset[str]
    client_ids: frozenset[str] = frozenset()
    """Under which names its ZGW tokens come."""


@dataclass(frozen=True, slots=True)
class Autorisatie:
    """What one subject may do, for one zaaktype or for all (`*`), up to a confidentiality."""

    zaaktype: str
    scopes: frozenset[str]
    maximum: Vertrouwelijkheid

    def covers(self, scope: str, zaak: Zaak | None) -> bool:
        """Whether this allows `scope` for `zaak`; without a zaak, only `*` does."""
        if scope not in self.scopes:
            return False
        if zaak is None:
            return self.zaaktype == ANY_ZAAKTYPE
        return (
            self.zaaktype in {ANY_ZAAKTYPE, zaak.zaaktype}
            and zaak.vertrouwelijkheid <= self.maximum
        )


Subject = tuple[str, str]
"""(soort, identificatie): soort is `applicatie`, `rol`, or an opvoerder's soort."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The register's answers for a batch of messages, each by its key."""

    zaken: Mapping[str, Zaak] = field(default_factory=dict)
    applicaties: Mapping[str, Applicatie] = field(default_factory=dict)
    autorisaties: Mapping[Subject, tuple[Autorisatie, ...]] = field(default_factory=dict)
    eerdere: Mapping[UUID, str | None] = field(default_factory=dict)
    """The klantcontacten that `vervolgOp` names, with the zaak of each."""

    def allowed(self, subject: Subject, scope: str, zaak: Zaak | None) -> bool:
        """Whether `subject` has `scope` for `zaak`."""
        return any(each.covers(scope, zaak) for each in self.autorisaties.get(subject, ()))
