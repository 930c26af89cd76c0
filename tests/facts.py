"""The register of the tests: facts as the contract has them, and how they get in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from tests.contacts import ZAAK
from tests.tokens import CLIENT, ROBOT
from worker.postgres.register import PostgresRegister
from worker.register import DatedFact, parse_fact

if TYPE_CHECKING:
    from worker.postgres.pool import Pool

TIME = datetime(2026, 11, 1, tzinfo=UTC)
BURGER = {"identificatie": "bsn-pseudoniem-1", "rol": "initiator", "naam": "Voorbeeld Burger"}


def betrokkene(**changes: object) -> dict[str, Any]:
    return {**BURGER, "email": "burger@example.nl", "taal": "nl", "notificaties": True, **changes}


def zaaktype(**changes: object) -> dict[str, Any]:
    return {
        "soort": "zaaktype",
        "identificatie": "omgevingsvergunning",
        "omschrijving": "Omgevingsvergunning",
        "klantcontactenToegestaan": True,
        "notificaties": True,
        **changes,
    }


def zaak(**changes: object) -> dict[str, Any]:
    return {
        "soort": "zaak",
        "identificatie": ZAAK,
        "zaaktype": "omgevingsvergunning",
        "omschrijving": "Dakkapel aan de Voorbeeldstraat",
        "startdatum": "2026-10-01",
        "einddatum": None,
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        "status": {"omschrijving": "In behandeling", "datumGezet": "2026-11-01T09:00:00+01:00"},
        "betrokkenen": [betrokkene()],
        **changes,
    }


def applicatie(name: str = "callcenter", **changes: object) -> dict[str, Any]:
    types = ["call", "click", "face", "mail", "e-mail"]
    return {
        "soort": "applicatie",
        "identificatie": name,
        "kanaal": name,
        "types": types,
        "clientIds": [CLIENT, ROBOT],
        **changes,
    }


def autorisatie(onderwerp: str, identificatie: str, **changes: object) -> dict[str, Any]:
    return {
        "soort": "autorisatie",
        "onderwerp": onderwerp,
        "identificatie": identificatie,
        "zaaktype": "*",
        "scopes": ["klantcontacten.toevoegen"],
        "maxVertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        **changes,
    }


def register() -> list[dict[str, Any]]:
    """One running zaak that the call center and mdw-0042 may add to."""
    return [
        zaaktype(),
        zaak(),
        applicatie(),
        autorisatie("applicatie", "callcenter"),
        autorisatie("medewerker", "mdw-0042"),
    ]


def dated(fact: dict[str, Any], time: datetime = TIME) -> DatedFact:
    return DatedFact(parse_fact(orjson.dumps(fact)), time)


async def fill(pool: Pool, *given: dict[str, Any], time: datetime = TIME) -> int:
    """Store facts as of `time`: those given, or the whole register."""
    return await PostgresRegister(pool).put(
        [dated(fact, time) for fact in given or register()], [], time, "beheerder"
    )
