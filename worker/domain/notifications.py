"""Who is told of a new klantcontact by e-mail, and why somebody is not (S9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from worker.domain.klantcontact import OpvoerderSoort

if TYPE_CHECKING:
    from worker.domain.facts import Betrokkene, Zaak
    from worker.domain.klantcontact import Klantcontact

# RFC 5321 section 4.5.3.1.3; the Zaken API has the same limit.
_LONGEST_ADDRESS = 254
_BEHANDELAAR = "behandelaar"
# A dot-atom, and whatever may become a domain; the writing of the mail looks closer.
_ADDRESS = re.compile(r"""[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\x00-\x20\x7f@<>()\[\]\\,;:"]+""")


class Soort(StrEnum):
    """Which mail somebody gets: the folder of its templates."""

    TOEGEVOEGD = "klantcontact-toegevoegd"
    BEHANDELAAR = "klantcontact-behandelaar"


class Withheld(StrEnum):
    """Why a betrokkene gets no mail: the `reden` of a notificatie `achterwege`."""

    AFGEMELD = "afgemeld"
    GEEN_ADRES = "geen-adres"
    ZAAKTYPE = "zaaktype"
    OPVOERDER = "opvoerder"
    CORRECTIE = "correctie"
    ADRES_ONGELDIG = "adres-ongeldig"


@dataclass(frozen=True, slots=True)
class Notification:
    """One betrokkene of the zaak; `withheld` is None for those who get a mail."""

    betrokkene: Betrokkene
    withheld: Withheld | None

    @property
    def soort(self) -> Soort:
        """A behandelaar is told as a colleague, everybody else as somebody involved."""
        return Soort.BEHANDELAAR if self.betrokkene.rol == _BEHANDELAAR else Soort.TOEGEVOEGD


def notifications(klantcontact: Klantcontact, zaak: Zaak | None) -> tuple[Notification, ...]:
    """One notification per person, each judged by itself; without a zaak, none.

    Whoever stands in two roles is one person: any role in which they can be told will do.
    """
    if zaak is None:
        return ()
    chosen: dict[str, Notification] = {}
    for each in zaak.betrokkenen:
        judged = Notification(each, _withheld(klantcontact, zaak, each))
        known = chosen.get(each.identificatie)
        if known is None or (known.withheld and not judged.withheld):
            chosen[each.identificatie] = judged
    return tuple(chosen.values())


def _withheld(klantcontact: Klantcontact, zaak: Zaak, each: Betrokkene) -> Withheld | None:
    """The first reason that holds, in the order that a person would give it."""
    if klantcontact.correctie:
        return Withheld.CORRECTIE
    if not zaak.notificaties or (each.rol == _BEHANDELAAR and not zaak.behandelaar):
        return Withheld.ZAAKTYPE
    if _entered(klantcontact, each):
        return Withheld.OPVOERDER
    if not each.notificaties:
        return Withheld.AFGEMELD
    if not each.email:
        return Withheld.GEEN_ADRES
    reachable = is_address(each.email) and not each.onbestelbaar
    return None if reachable else Withheld.ADRES_ONGELDIG


def _entered(klantcontact: Klantcontact, each: Betrokkene) -> bool:
    opvoerder = klantcontact.opvoerder
    return each.identificatie == opvoerder.identificatie and opvoerder.soort in {
        OpvoerderSoort.BETROKKENE,
        OpvoerderSoort.MEDEWERKER,
    }


def address_key(adres: str) -> str:
    """The address as it is compared: PostgreSQL says the same by `lower(adres collate "C")`."""
    return "".join(each.lower() if each.isascii() else each for each in adres)


def is_address(text: str) -> bool:
    """Whether a mail can be addressed to `text`: nothing quoted, nothing that ends a header."""
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None
