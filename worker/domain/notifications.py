"""Who is told of a new klantcontact by e-mail, and why somebody is not (S9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from worker.domain.klantcontact import OpvoerderSoort

if TYPE_CHECKING:
    from worker.domain.facts import Betrokkene, Zaak
    from worker.domain.klantcontact import Klantcontact

# RFC 5321 section 4.5.3.1.3; the Zaken API has the same limit.
_LONGEST_ADDRESS = 254


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
    opvoerder = klantcontact.opvoerder
    is_opvoerder = each.identificatie == opvoerder.identificatie and opvoerder.soort in {
        OpvoerderSoort.BETROKKENE,
        OpvoerderSoort.MEDEWERKER,
    }
    reasons = (
        (klantcontact.correctie, Withheld.CORRECTIE),
        (not zaak.notificaties, Withheld.ZAAKTYPE),
        (is_opvoerder, Withheld.OPVOERDER),
        (not each.notificaties, Withheld.AFGEMELD),
        (not each.email, Withheld.GEEN_ADRES),
        (not is_address(each.email or ""), Withheld.ADRES_ONGELDIG),
    )
    return next((reason for holds, reason in reasons if holds), None)


def is_address(text: str) -> bool:
    """Whether a mail can be addressed to `text`: one @, ASCII, nothing that ends a header."""
    local, at, domain = text.rpartition("@")
    return bool(
        at
        and local
        and domain
        and len(text) <= _LONGEST_ADDRESS
        and text.isascii()
        and not any(sign <= " " or sign in '<>()[]\\,;:"@\x7f' for sign in local + domain)
    )
