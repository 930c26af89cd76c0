"""The klantcontact as a channel sends it: the published contract as frozen models.

Every format decodes into these. Field names are the contract's in camelCase; unknown fields
are refused. Rules that need more than the message itself stand in `rules`.
"""

from __future__ import annotations

from base64 import b64decode
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from worker.domain.text import (
    Day,
    Identification,
    Language,
    LongText,
    Moment,
    Name,
    OptionalName,
    Paragraph,
)


class Type(StrEnum):
    """The closed list of S4: web, telephone, desk, post and e-mail."""

    CLICK = "click"
    CALL = "call"
    FACE = "face"
    MAIL = "mail"
    EMAIL = "e-mail"


class OpvoerderSoort(StrEnum):
    """Who can enter a klantcontact."""

    MEDEWERKER = "medewerker"
    ORGANISATORISCHE_EENHEID = "organisatorische_eenheid"
    GEAUTOMATISEERDE_ACTOR = "geautomatiseerde_actor"
    BETROKKENE = "betrokkene"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class Opvoerder(_Part):
    """Who entered the klantcontact (S6, S7, S10)."""

    soort: OpvoerderSoort
    identificatie: Identification
    naam: OptionalName | None = None
    organisatie: OptionalName | None = None


class Gesprekspartner(_Part):
    """With whom the contact was (S12)."""

    rol: Name
    naam: OptionalName | None = None
    identificatie: Identification | None = None


class Uitkomst(_Part):
    """What came of it (S12): indicatieContactGelukt and reactie in Klantinteracties."""

    gelukt: bool
    omschrijving: Paragraph | None = None


class Afspraak(_Part):
    """What was agreed, by when, and who is to do it (S12)."""

    omschrijving: Annotated[Paragraph, StringConstraints(min_length=1)]
    uiterlijk: Day | None = None
    door: Name | None = None


def _from_base64(value: object) -> object:
    """Strict base64: the lenient decoders drop what they do not know."""
    if not isinstance(value, str):
        return value
    try:
        return b64decode(value, validate=True)
    except ValueError:
        msg = "this is not base64"
        raise ValueError(msg) from None


def _sha256(value: str) -> str:
    return value.lower()


# RFC 6838, 4.2: ASCII, which `\w` would not say in every dialect of regular expressions.
_MEDIA_TYPE = r"^[A-Za-z0-9_.+-]+/[A-Za-z0-9_.+-]+$"


class Document(_Part):
    """A document with what it says about the contact (S11): content inside, or a url.

    `omvang` is in bytes, `sha256` in hexadecimal; both are computed for content inside, and
    must be right where they are given. By url, sha256 is needed: it is what proves later that
    the document is still the same.
    """

    titel: Name
    formaat: Annotated[str, StringConstraints(pattern=_MEDIA_TYPE, max_length=100)]
    inhoud: Annotated[bytes, BeforeValidator(_from_base64)] | None = Field(None, exclude=True)
    url: (
        Annotated[str, StringConstraints(pattern=r"^https://[^\x00-\x20]+$", max_length=2000)]
        | None
    ) = None
    omvang: Annotated[int, Field(ge=0, le=2**40)] | None = None
    sha256: (
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$"), AfterValidator(_sha256)]
        | None
    ) = Field(None, validate_default=True)
    auteur: OptionalName | None = None
    creatiedatum: Day | None = None

    @field_validator("sha256")
    @classmethod
    def _proven(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Here, so that it is told beside what is wrong with the url: that one isn't known then."""
        by_url = info.data.get("url", ...) is not None and info.data.get("inhoud") is None
        if value is None and by_url:
            msg = "sha256 is needed with a url"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.inhoud is None) == (self.url is None):
            msg = "give either inhoud or url"
            raise ValueError(msg)
        return self if self.inhoud is None else self._complete(self.inhoud)

    def _complete(self, content: bytes) -> Self:
        """Check omvang and sha256 against the content, and fill in what was not given."""
        digest = sha256(content).hexdigest()
        if self.sha256 not in {None, digest} or self.omvang not in {None, len(content)}:
            msg = "inhoud does not have the given sha256 or omvang"
            raise ValueError(msg)
        # The model is frozen for everybody else; this is still its construction.
        self.__dict__.update(sha256=digest, omvang=len(content))
        self.__pydantic_fields_set__.update({"sha256", "omvang"})
        return self


class Klantcontact(_Part):
    """One contact between client and municipality (S10), with who, what and outcome (S12)."""

    zaak: Identification | None = None
    datum_gezet: Moment
    type: Type
    toelichting: LongText | None = None
    onderwerp: OptionalName | None = None
    initiatief: Literal["klant", "gemeente"] = "klant"
    taal: Language = "nl"
    vertrouwelijk: bool = False
    opvoerder: Opvoerder
    gesprekspartners: Annotated[tuple[Gesprekspartner, ...], Field(max_length=50)] = ()
    uitkomst: Uitkomst | None = None
    afspraken: Annotated[tuple[Afspraak, ...], Field(max_length=50)] = ()
    documenten: Annotated[tuple[Document, ...], Field(max_length=20)] = ()
    correctie: bool = False
    vervolg_op: UUID | None = None

    def digest(self) -> bytes:
        """SHA-256 of the content: equal for equal content, whatever the format it came in.

        Defaults are left out, so that a field that the contract gains later does not change
        the digest of what was sent before.
        """
        return sha256(self.model_dump_json(exclude_defaults=True).encode()).digest()
