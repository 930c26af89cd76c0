"""What goes in: a register and messages of about 1 KB, the same ones for the same seed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tests.bench import tokens
from worker.rabbitmq.topology import KANALEN

if TYPE_CHECKING:
    from collections.abc import Iterator

ZAKEN: Final = 1200
MEDEWERKERS: Final = 20
ZAAKTYPEN: Final = ("omgevingsvergunning", "parkeervergunning", "bijstand", "melding")
_TYPES: Final = {"callcenter": "call", "mailintake": "e-mail", "balie": "face", "portaal": "click"}
_CONTACT_AT: Final = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
_TEXT: Final = (
    "de het een inwoner belde over aanvraag vergunning vraagt wanneer besluit genomen wordt en"
    " heeft tekening bijlage nog niet ontvangen medewerker legt termijn uit stuurt bevestiging"
    " zegt toe terug te bellen na overleg met behandelaar gemeente zaak stukken compleet"
)
_WORDS: Final = _TEXT.split()


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a channel: whose it is, its id and its body."""

    kanaal: str
    id: str
    body: bytes
    content_type: str = "application/json"
    token: str | None = None


def register() -> Iterator[bytes]:
    """The lines of a register in which all of these messages are fit to be registered."""
    facts = [*_zaaktypen(), *_applicaties(), *_medewerkers(), *map(_zaak, range(ZAKEN))]
    for fact in facts:
        yield json.dumps(fact, ensure_ascii=False).encode() + b"\n"


def messages(
    count: int, seed: int, kanalen: tuple[str, ...] = KANALEN, words: int = 50
) -> Iterator[Message]:
    """`count` registrations with ids of their own, spread evenly over `kanalen`."""
    chance = random.Random(seed)
    for number in range(count):
        kanaal = kanalen[number % len(kanalen)]
        contact = klantcontact(chance, kanaal, words)
        body = json.dumps(contact, ensure_ascii=False).encode()
        token = tokens.of(kanaal, contact["opvoerder"]["identificatie"])
        yield Message(kanaal, message_id(chance), body, token=token)


def message_id(chance: random.Random) -> str:
    """An id that no other message has."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def klantcontact(chance: random.Random, kanaal: str, words: int) -> dict[str, Any]:
    """One contact as its channel would tell it."""
    moment = _CONTACT_AT + timedelta(seconds=chance.randrange(100_000))
    return {
        "zaak": _zaaknummer(chance.randrange(ZAKEN)),
        "datumGezet": moment.isoformat(),
        "type": _TYPES[kanaal],
        "toelichting": _text(chance, words),
        "onderwerp": _text(chance, 6),
        "initiatief": chance.choice(("klant", "gemeente")),
        "taal": "nl",
        "opvoerder": {
            "soort": "medewerker",
            "identificatie": f"mdw-{chance.randrange(MEDEWERKERS):04}",
            "naam": "Voorbeeld Medewerker",
            "organisatie": "KCC",
        },
        "gesprekspartners": [{"rol": "klant", "naam": "Voorbeeld Bürger"}],
        "uitkomst": {"gelukt": chance.random() < 0.9, "omschrijving": _text(chance, 10)},
        "afspraken": [
            {"omschrijving": _text(chance, 10), "uiterlijk": "2030-12-01", "door": "gemeente"}
        ],
    }


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words))


def _zaaknummer(number: int) -> str:
    return f"ZAAK-2025-{number:07}"


def _zaaktypen() -> list[dict[str, Any]]:
    return [
        {
            "soort": "zaaktype",
            "identificatie": each,
            "omschrijving": each.capitalize(),
            "klantcontactenToegestaan": True,
            "notificaties": True,
        }
        for each in ZAAKTYPEN
    ]


def _applicaties() -> Iterator[dict[str, Any]]:
    for kanaal, kind in _TYPES.items():
        yield {
            "soort": "applicatie",
            "identificatie": kanaal,
            "kanaal": kanaal,
            "types": [kind],
            "clientIds": [kanaal],
        }
        yield _autorisatie("applicatie", kanaal)


def _medewerkers() -> Iterator[dict[str, Any]]:
    for number in range(MEDEWERKERS):
        yield _autorisatie("medewerker", f"mdw-{number:04}")


def _autorisatie(onderwerp: str, identificatie: str) -> dict[str, Any]:
    return {
        "soort": "autorisatie",
        "onderwerp": onderwerp,
        "identificatie": identificatie,
        "zaaktype": "*",
        "scopes": ["klantcontacten.toevoegen"],
        "maxVertrouwelijkheidaanduiding": "zaakvertrouwelijk",
    }


def _zaak(number: int) -> dict[str, Any]:
    return {
        "soort": "zaak",
        "identificatie": _zaaknummer(number),
        "zaaktype": ZAAKTYPEN[number % len(ZAAKTYPEN)],
        "omschrijving": "Verbouwing van een woning aan de Dorpsstraat",
        "startdatum": "2025-01-06",
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        "status": {"omschrijving": "In behandeling", "datumGezet": "2025-02-03T09:00:00+01:00"},
        "betrokkenen": [
            {
                "identificatie": f"persoon-{number}",
                "rol": "initiator",
                "naam": f"Voorbeeld Burger {number}",
                "email": f"burger-{number}@example.nl",
            }
        ],
    }
