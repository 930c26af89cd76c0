"""Which fields of the contract are personal, and which are known to be impersonal.

Every field of every model stands here in one place or the other. What is impersonal is shown
only if its value keeps to the field's own type: a name where a date should stand is a name.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

from worker.cli.dead_letters.shape import Shape
from worker.domain.klantcontact import (
    Afspraak,
    Document,
    Gesprekspartner,
    Klantcontact,
    Opvoerder,
    Uitkomst,
)
from worker.domain.register import Applicatie, Autorisatie, Betrokkene, Status, Zaak, Zaaktype
from worker.domain.text import Language

# A role may be any text in the contract; what is shown of it is a word, and no name.
_WORD: Final = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}$")]

KLANTCONTACT: Final = Shape(
    Klantcontact,
    shown=(
        "zaak",
        "datumGezet",
        "type",
        "initiatief",
        "taal",
        "vertrouwelijk",
        "correctie",
        "vervolgOp",
    ),
    personal=("toelichting", "onderwerp"),
    one={
        "opvoerder": Shape(
            Opvoerder, shown=("soort",), personal=("identificatie", "naam", "organisatie")
        ),
        "uitkomst": Shape(Uitkomst, shown=("gelukt",), personal=("omschrijving",)),
    },
    many={
        "gesprekspartners": Shape(
            Gesprekspartner,
            shown=("rol",),
            personal=("naam", "identificatie"),
            instead={"rol": _WORD},
        ),
        "afspraken": Shape(
            Afspraak,
            shown=("uiterlijk", "door"),
            personal=("omschrijving",),
            instead={"door": _WORD},
        ),
        "documenten": Shape(
            Document,
            shown=("formaat", "omvang", "sha256", "creatiedatum"),
            personal=("titel", "url", "auteur"),
            size=("inhoud",),
        ),
    },
)
ZAAK: Final = Shape(
    Zaak,
    shown=(
        "time",
        "soort",
        "identificatie",
        "zaaktype",
        "startdatum",
        "einddatum",
        "vertrouwelijkheidaanduiding",
    ),
    personal=("omschrijving",),
    one={"status": Shape(Status, shown=("datumGezet",), personal=("omschrijving",))},
    many={
        "betrokkenen": Shape(
            Betrokkene,
            shown=("rol", "taal", "notificaties"),
            personal=("identificatie", "naam", "email"),
            instead={"rol": _WORD, "taal": Language},
        )
    },
)
_OTHER_FACTS: Final = (
    Shape(
        Zaaktype,
        shown=(
            "time",
            "soort",
            "identificatie",
            "klantcontactenToegestaan",
            "notificaties",
            "notificatiesBehandelaar",
        ),
        personal=("omschrijving",),
    ),
    Shape(
        Applicatie,
        shown=("time", "soort", "identificatie", "kanaal", "types"),
        personal=("clientIds",),
    ),
    Shape(
        Autorisatie,
        shown=(
            "time",
            "soort",
            "onderwerp",
            "zaaktype",
            "scopes",
            "maxVertrouwelijkheidaanduiding",
        ),
        personal=("identificatie",),
    ),
)
FACTS: Final = {shape.model.__name__.lower(): shape for shape in (ZAAK, *_OTHER_FACTS)}


def shape_of(document: object, *, fact: bool) -> Shape:
    """What a content is read as; a fact that does not say what it is, is read as a zaak."""
    if not fact:
        return KLANTCONTACT
    soort = document.get("soort") if isinstance(document, dict) else None
    return FACTS.get(soort, ZAAK) if isinstance(soort, str) else ZAAK
