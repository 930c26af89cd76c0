"""The elements of the XML format and the fields that they stand for: one table.

The decoder reads by it and the XSD is written from it, so that the two cannot differ. The five
elements of `Klantcontact` and their order are the source's own (S10).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from worker.domain.klantcontact import (
    Afspraak,
    Document,
    Gesprekspartner,
    Klantcontact,
    Opvoerder,
    Uitkomst,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

NAMESPACE: Final = "http://schemas.denhaag.nl/mijnhaagsezaken/klantcontact/v1"
"""By The Hague's rules: domain, application, version."""


class Kind(StrEnum):
    """What the text of an element is, and so what becomes of it in JSON."""

    TEXT = "xs:string"
    TOKEN = "xs:token"  # noqa: S105 (a type of XML Schema: white space around it does not count)
    MOMENT = "Tijdstip"
    DATE = "xs:date"
    BOOLEAN = "xs:boolean"
    INTEGER = "xs:nonNegativeInteger"
    BASE64 = "xs:base64Binary"


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with text; `type_name` is its named type in the XSD, where it has one."""

    name: str
    field: str
    kind: Kind
    type_name: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these elements, and only one."""

    options: tuple[Leaf, ...]


@dataclass(frozen=True)
class Group:
    """An element with elements; `model` is what the same fields are in JSON."""

    name: str
    field: str
    type_name: str
    model: type[BaseModel]
    children: tuple[Leaf | Choice | Group | Sequence, ...]
    optional: bool = False

    @cached_property
    def by_tag(self) -> dict[str, Leaf | Group | Sequence]:
        """The elements within, by their names as lxml has them."""
        return {f"{{{NAMESPACE}}}{part.name}": part for part in self.parts()}

    def parts(self) -> Iterator[Leaf | Group | Sequence]:
        """The elements within, also those of a choice."""
        for child in self.children:
            if isinstance(child, Choice):
                yield from child.options
            else:
                yield child


@dataclass(frozen=True, slots=True)
class Sequence:
    """An element with any number of the same element."""

    name: str
    field: str
    item: Group
    optional: bool = False


Element = Leaf | Group | Sequence

_NAAM = "Naam"

ACTOR: Final = Group(
    "Opvoerder",
    "opvoerder",
    "Actor",
    Opvoerder,
    (
        Leaf("Soort", "soort", Kind.TOKEN, "ActorSoort"),
        Leaf("Identificatie", "identificatie", Kind.TOKEN, "Identificatie"),
        Leaf("Naam", "naam", Kind.TEXT, _NAAM, optional=True),
        Leaf("Organisatie", "organisatie", Kind.TEXT, _NAAM, optional=True),
    ),
)
DOCUMENT: Final = Group(
    "Document",
    "",
    "Document",
    Document,
    (
        Leaf("Titel", "titel", Kind.TEXT, "Benaming"),
        Leaf("Formaat", "formaat", Kind.TOKEN, "Mediatype"),
        Choice(
            (Leaf("Inhoud", "inhoud", Kind.BASE64), Leaf("Url", "url", Kind.TOKEN, "Url")),
        ),
        Leaf("Omvang", "omvang", Kind.INTEGER, "Omvang", optional=True),
        Leaf("Sha256", "sha256", Kind.TOKEN, "Sha256", optional=True),
        Leaf("Auteur", "auteur", Kind.TEXT, _NAAM, optional=True),
        Leaf("Creatiedatum", "creatiedatum", Kind.DATE, optional=True),
    ),
)
KLANTCONTACT: Final = Group(
    "Klantcontact",
    "",
    "Klantcontact",
    Klantcontact,
    (
        Leaf("DatumGezet", "datumGezet", Kind.MOMENT),
        Sequence("Documenten", "documenten", DOCUMENT),
        ACTOR,
        Leaf("Toelichting", "toelichting", Kind.TEXT, "Toelichting", optional=True),
        Leaf("Type", "type", Kind.TOKEN, "KlantcontactType"),
    ),
)
AANVULLING: Final = Group(
    "Aanvulling",
    "",
    "Aanvulling",
    Klantcontact,
    (
        Leaf("Onderwerp", "onderwerp", Kind.TEXT, _NAAM, optional=True),
        Leaf("Initiatief", "initiatief", Kind.TOKEN, "Initiatief", optional=True),
        Leaf("Taal", "taal", Kind.TOKEN, "Taal", optional=True),
        Leaf("Vertrouwelijk", "vertrouwelijk", Kind.BOOLEAN, optional=True),
        Sequence(
            "Gesprekspartners",
            "gesprekspartners",
            Group(
                "Gesprekspartner",
                "",
                "Gesprekspartner",
                Gesprekspartner,
                (
                    Leaf("Rol", "rol", Kind.TEXT, "Benaming"),
                    Leaf("Naam", "naam", Kind.TEXT, _NAAM, optional=True),
                    Leaf(
                        "Identificatie", "identificatie", Kind.TOKEN, "Identificatie", optional=True
                    ),
                ),
            ),
            optional=True,
        ),
        Group(
            "Uitkomst",
            "uitkomst",
            "Uitkomst",
            Uitkomst,
            (
                Leaf("Gelukt", "gelukt", Kind.BOOLEAN),
                Leaf("Omschrijving", "omschrijving", Kind.TEXT, "Omschrijving", optional=True),
            ),
            optional=True,
        ),
        Sequence(
            "Afspraken",
            "afspraken",
            Group(
                "Afspraak",
                "",
                "Afspraak",
                Afspraak,
                (
                    Leaf("Omschrijving", "omschrijving", Kind.TEXT, "Afgesproken"),
                    Leaf("Uiterlijk", "uiterlijk", Kind.DATE, optional=True),
                    Leaf("Door", "door", Kind.TEXT, "Benaming", optional=True),
                ),
            ),
            optional=True,
        ),
        Leaf("Correctie", "correctie", Kind.BOOLEAN, optional=True),
        Leaf("VervolgOp", "vervolgOp", Kind.TOKEN, "KlantcontactId", optional=True),
    ),
    optional=True,
)
REGISTRATIE: Final = Group(
    "KlantcontactRegistratie",
    "",
    "KlantcontactRegistratie",
    Klantcontact,
    (
        Leaf("BerichtId", "id", Kind.TOKEN, optional=True),
        Leaf("Bron", "source", Kind.TOKEN, optional=True),
        Leaf("Tijdstip", "time", Kind.MOMENT, optional=True),
        Leaf("ZaakIdentificatie", "zaak", Kind.TOKEN, "Identificatie", optional=True),
        KLANTCONTACT,
        AANVULLING,
    ),
)
ROOTS: Final = {each.name: each for each in (REGISTRATIE, KLANTCONTACT)}
