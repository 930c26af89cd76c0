"""Examples of what is said over the broker. Samples all: nobody in them exists."""

from __future__ import annotations

from typing import Any, Final

from worker.contract.reasons import REASONS
from worker.errors import Code, Violation, problem
from worker.formats import REGISTREREN, ZAAK_BIJGEWERKT
from worker.outcomes import (
    AFGEWEZEN,
    DEAD_LETTERS_GROEIEN,
    GEREGISTREERD,
    MAIL_MISLUKT,
    UITGESTELD,
)

ZAAK_NUMMER: Final = "ZAAK-2026-0000001"
SENT: Final = 1767605760
"""2026-01-05 at 10:36 in the Netherlands, as AMQP's timestamp has it."""
_MOMENT: Final = "2026-01-05T10:36:00+01:00"
KLANTCONTACT_ID: Final = "00000000-0000-7000-8000-000000000001"
_DEAD_LETTER_ID: Final = "00000000-0000-7000-8000-000000000002"
_EVENT_ID: Final = "00000000-0000-7000-8000-000000000003"
_MAIL_ID: Final = "00000000-0000-7000-8000-000000000004"
BRON: Final = "urn:nld:oin:00000000000000000000:systeem:kcc"
_INSTALLATION: Final = "urn:nld:oin:00000000000000000000:systeem:klantcontact"
_ZAAKSYSTEEM: Final = "urn:nld:oin:00000000000000000000:systeem:zaaksysteem"

_OPVOERDER: Final = {"soort": "medewerker", "identificatie": "mdw-0042"}
_SHORT: Final[dict[str, Any]] = {
    "zaak": ZAAK_NUMMER,
    "datumGezet": "2026-01-05T10:35:00+01:00",
    "type": "call",
    "toelichting": "Belt over de maten op de tekening.",
    "opvoerder": _OPVOERDER,
}
_WHOLE: Final[dict[str, Any]] = {
    **_SHORT,
    "onderwerp": "Maten dakkapel",
    "initiatief": "klant",
    "taal": "nl",
    "vertrouwelijk": False,
    "opvoerder": {**_OPVOERDER, "naam": "Mieke Medewerker", "organisatie": "Klantcontactcentrum"},
    "gesprekspartners": [{"rol": "klant", "naam": "Anna Voorbeeld"}],
    "uitkomst": {"gelukt": True, "omschrijving": "Uitgelegd welke maten nodig zijn."},
    "afspraken": [
        {"omschrijving": "Nieuwe tekening opsturen", "uiterlijk": "2026-01-19", "door": "klant"}
    ],
    "documenten": [
        {
            "titel": "Gespreksnotitie",
            "formaat": "text/plain",
            "inhoud": "R2VzcHJla3Nub3RpdGll",
            "auteur": "Mieke Medewerker",
            "creatiedatum": "2026-01-05",
        }
    ],
}
_BY_URL: Final[dict[str, Any]] = {
    "zaak": ZAAK_NUMMER,
    "datumGezet": "2026-01-05T10:35:00+01:00",
    "type": "call",
    "opvoerder": _OPVOERDER,
    "documenten": [
        {
            "titel": "Opname",
            "formaat": "audio/ogg",
            "url": "https://opnames.example.nl/0001",
            "omvang": 123456,
            "sha256": "a" * 64,
        }
    ],
}
_CORRECTION: Final = {
    **_SHORT,
    "toelichting": "De maten golden voor de buren; zie het nieuwe contact.",
    "correctie": True,
    "vervolgOp": KLANTCONTACT_ID,
}
KLANTCONTACTEN: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "short": ("What is needed, and a toelichting.", _SHORT),
    "whole": ("All that can be said.", _WHOLE),
    "by-url": ("A recording that is too large for a message.", _BY_URL),
    "correction": ("A correction of an earlier one; it mails nobody.", _CORRECTION),
}
ZAAK: Final[dict[str, Any]] = {
    "soort": "zaak",
    "identificatie": ZAAK_NUMMER,
    "zaaktype": "omgevingsvergunning",
    "omschrijving": "Dakkapel",
    "startdatum": "2025-12-01",
    "einddatum": None,
    "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
    "status": {"omschrijving": "In behandeling", "datumGezet": "2025-12-08T09:00:00+01:00"},
    "betrokkenen": [
        {
            "identificatie": "burger-01",
            "rol": "initiator",
            "naam": "Anna Voorbeeld",
            "email": "anna@example.nl",
            "taal": "nl",
            "notificaties": True,
        }
    ],
}


def registration_event(data: dict[str, Any]) -> dict[str, Any]:
    """A klantcontact as a CloudEvent in structured mode."""
    return _event("kcc-2026-0000001", BRON, REGISTREREN, data)


def zaak_event() -> dict[str, Any]:
    """A zaak's facts, the same."""
    return _event("zaak-2026-0000042", _ZAAKSYSTEEM, ZAAK_BIJGEWERKT, ZAAK)


def registered() -> dict[str, Any]:
    """The event and the reply for a message that was registered."""
    data = {"klantcontact": KLANTCONTACT_ID, "zaak": ZAAK_NUMMER, "bericht": _BERICHT}
    return _told(KLANTCONTACT_ID, GEREGISTREERD, KLANTCONTACT_ID, data)


def refused() -> dict[str, tuple[str, dict[str, Any]]]:
    """One for each code, by code; and one with two reasons, `more-reasons`."""
    one = {str(each.code): ("", _refusal(each)) for each in REASONS}
    both = _refusal(*(each for each in REASONS if each.code in _TOGETHER))
    titled = {code: (told["data"]["probleem"]["title"], told) for code, (_, told) in one.items()}
    return {**titled, "more-reasons": ("Every reason is told at once.", both)}


def put_off() -> dict[str, tuple[str, dict[str, Any]]]:
    """The event and the reply for a message that waits, one for each thing it may wait for."""
    (zaak,) = (each for each in REASONS if each.code is Code.ZAAK_ONBEKEND)
    return {
        "uitgesteld": ("It waits for its zaak; its final outcome follows.", _waiting(zaak)),
        "uitgesteld-sleutel": (
            "It waits for the key of its token; its final outcome follows.",
            _waiting(_KEY_UNKNOWN),
        ),
    }


def _waiting(reason: Violation) -> dict[str, Any]:
    told = problem((reason,), f"urn:uuid:{_DEAD_LETTER_ID}")
    data = {"bericht": _BERICHT, "probleem": told}
    return _told(_EVENT_ID, UITGESTELD, "kcc-2026-0000001", data)


def growing() -> dict[str, Any]:
    """The event of a group of dead letters that grows."""
    data = {
        "code": "zaak-afgesloten",
        "queue": "klantcontact.registratie.callcenter",
        "veld": "zaak",
        "aantal": 412,
        "nieuw": 17,
        "laatste": "2026-01-05T09:36:01.100000+00:00",
    }
    return _told(_EVENT_ID, DEAD_LETTERS_GROEIEN, "zaak-afgesloten", data)


def mail_failed() -> dict[str, Any]:
    """The event of a mail that did not arrive."""
    data = {"mail": _MAIL_ID, "zaak": ZAAK_NUMMER, "toestand": "mislukt"}
    return _told(_EVENT_ID, MAIL_MISLUKT, _MAIL_ID, data)


_KEY_UNKNOWN: Final = Violation(
    Code.OPVOERDER_NIET_GEAUTHENTICEERD,
    "the token's key (kid) is not one of the identity provider's",
    "authorization",
)
_TOGETHER: Final = {Code.ZAAK_AFGESLOTEN, Code.DATUM_IN_DE_TOEKOMST}
_BERICHT: Final = {"applicatie": "callcenter", "bron": BRON, "id": "kcc-2026-0000001"}


def _refusal(*reasons: Violation) -> dict[str, Any]:
    unread = reasons[0].code in {Code.ONLEESBAAR, Code.TE_GROOT}
    bericht = {**_BERICHT, "bron": None} if unread else _BERICHT
    data = {"bericht": bericht, "probleem": problem(reasons, f"urn:uuid:{_DEAD_LETTER_ID}")}
    return _told(_EVENT_ID, AFGEWEZEN, "kcc-2026-0000001", data)


def _event(name: str, source: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": kind,
        "time": _MOMENT,
        "datacontenttype": "application/json",
        "data": data,
    }


def _told(name: str, kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": _INSTALLATION,
        "type": kind,
        "subject": subject,
        "time": "2026-01-05T09:36:01.250000+00:00",
        "datacontenttype": "application/json",
        "data": data,
    }
