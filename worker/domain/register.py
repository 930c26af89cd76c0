"""The register's facts as the zaaksysteem and the administrator give them.

Each is a whole snapshot; the newest `time` wins. The published contract as frozen models.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from worker.domain.facts import Vertrouwelijkheid
from worker.domain.klantcontact import Type
from worker.domain.text import (
    Day,
    Identification,
    Moment,
    Name,
    OptionalName,
    Paragraph,
    known_language,
)

Aanduiding = Literal[
    "openbaar",
    "beperkt_openbaar",
    "intern",
    "zaakvertrouwelijk",
    "vertrouwelijk",
    "confidentieel",
    "geheim",
    "zeer_geheim",
]


class _Feit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class _Snapshot(_Feit):
    time: Moment | None = None
    """The moment that this was so; where it is absent, the moment that it was sent."""


class Zaaktype(_Snapshot):
    """A kind of zaak with its process owner's settings (S8): off until switched on."""

    soort: Literal["zaaktype"]
    identificatie: Identification
    omschrijving: OptionalName = ""
    klantcontacten_toegestaan: bool = False
    notificaties: bool = True
    notificaties_behandelaar: bool = True
    """Whether the behandelaar is told, too, by a mail of their own kind."""


class Status(_Feit):
    """Where the zaak stands since `datum_gezet` (S2)."""

    omschrijving: Name
    datum_gezet: Moment


class Betrokkene(_Feit):
    """Someone involved in the zaak; `email` is checked when a mail is due, not here."""

    identificatie: Identification
    rol: Name
    naam: OptionalName = ""
    email: Paragraph | None = None
    taal: Annotated[str, Field(max_length=35), AfterValidator(known_language)] = "nl"
    notificaties: bool = True


class Zaak(_Snapshot):
    """A zaak; it runs until it has an `einddatum` (S3)."""

    soort: Literal["zaak"]
    identificatie: Identification
    zaaktype: Identification
    omschrijving: Paragraph = ""
    startdatum: Day | None = None
    einddatum: Day | None = None
    vertrouwelijkheidaanduiding: Aanduiding
    status: Status | None = None
    betrokkenen: Annotated[tuple[Betrokkene, ...], Field(max_length=500)] = ()


class Applicatie(_Snapshot):
    """A channel system, by the name of its user on the broker."""

    soort: Literal["applicatie"]
    identificatie: Identification
    kanaal: Identification
    types: tuple[Type, ...]
    client_ids: tuple[Identification, ...] = ()


class Autorisatie(_Snapshot):
    """What one subject may do with the zaken of one zaaktype, or of all (`*`) (S7)."""

    soort: Literal["autorisatie"]
    onderwerp: Literal[
        "applicatie", "medewerker", "rol", "organisatorische_eenheid", "geautomatiseerde_actor"
    ]
    identificatie: Identification
    zaaktype: Identification
    scopes: tuple[Identification, ...]
    max_vertrouwelijkheidaanduiding: Aanduiding


Feit = Zaaktype | Zaak | Applicatie | Autorisatie
FEIT: TypeAdapter[Feit] = TypeAdapter(Annotated[Feit, Field(discriminator="soort")])


def rank(aanduiding: Aanduiding) -> int:
    """The place of a vertrouwelijkheidaanduiding in rising order, 1 to 8."""
    return Vertrouwelijkheid[aanduiding].value
