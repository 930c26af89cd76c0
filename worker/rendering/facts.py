"""What goes into a mail, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.domain.notifications import Soort

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Contact:
    """What a mail may tell of one klantcontact: how and on which day, never what."""

    type: str
    """One of click, call, face, mail, e-mail (S4)."""
    dag: date


@dataclass(frozen=True, slots=True)
class MailFacts:
    """All that goes into one mail to one betrokkene about one zaak."""

    mail: UUID
    zaak: str
    zaak_omschrijving: str
    naam: str
    adres: str
    taal: str
    """ISO 639-1; a language without templates gets Dutch."""
    contacten: tuple[Contact, ...]
    """At least one, the oldest first."""
    moment: datetime
    """Aware; what the mail's Date will say."""
    soort: Soort = Soort.TOEGEVOEGD
    """Which templates it is made from."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's words; the lines of `tekst` and `html` end in LF."""

    onderwerp: str
    """A single line."""
    tekst: str
    html: str
    taal: str
    """The language that it is written in, which may be the fallback."""
    digest: str
    """SHA-256 in hex over the sources of the templates: tells their version afterwards."""
