"""Questions to the rules: what is registered, and what is refused for one reason alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.contacts import NOW, ZAAK, opvoerder
from tests.facts import applicatie, autorisatie, register, zaak, zaaktype
from tests.known import known
from tests.registrations import question, registration
from worker.domain.rules import Policy, Question
from worker.errors import Code

EARLIER = UUID(int=7)
FORCED = ["klantcontacten.toevoegen", "klantcontacten.geforceerd-bijwerken"]
BOTH_FORCED = (
    autorisatie("applicatie", "callcenter", scopes=FORCED),
    autorisatie("medewerker", "mdw-0042", scopes=FORCED),
)


def ask(
    *facts: dict[str, Any],
    without: str = "",
    eerdere: dict[UUID, str | None] | None = None,
    changes: dict[str, Any] | None = None,
    **contact: object,
) -> Question:
    """A question about a good registration, with `facts` added and kinds `without`."""
    base = [each for each in register() if each["soort"] != without]
    return question(
        registration(None, **contact), known(*base, *facts, eerdere=eerdere), **(changes or {})
    )


def correction(**contact: object) -> dict[str, Any]:
    return {"correctie": True, "vervolgOp": str(EARLIER), **contact}


GOOD: dict[str, Question] = {
    "as it should be": ask(),
    "sent at the last moment of seven days": ask(changes={"time": NOW - timedelta(days=7)}),
    "sent by a clock a minute ahead": ask(changes={"time": NOW + timedelta(seconds=60)}),
    "of this very moment": ask(datumGezet=NOW.isoformat()),
    "of a clock a minute ahead": ask(datumGezet=(NOW + timedelta(seconds=60)).isoformat()),
    "a document instead of a toelichting": ask(
        toelichting=..., documenten=[{"titel": "t", "formaat": "a/b", "inhoud": ""}]
    ),
    "no zaak where that is allowed": ask(
        zaak=..., changes={"policy": Policy(contacts_without_zaak=True)}
    ),
    "as confidential as is allowed": ask(zaak(vertrouwelijkheidaanduiding="zaakvertrouwelijk")),
    "authorised for this zaaktype only": ask(
        autorisatie("medewerker", "mdw-0042", zaaktype="omgevingsvergunning"),
        autorisatie("applicatie", "callcenter", zaaktype="omgevingsvergunning"),
        without="autorisatie",
    ),
    "entered by somebody involved": ask(
        opvoerder={"soort": "betrokkene", "identificatie": "bsn-pseudoniem-1"}
    ),
    "a correction": ask(eerdere={EARLIER: ZAAK}, **correction()),
    "a correction on a closed zaak by who may": ask(
        zaak(einddatum="2026-11-01"), *BOTH_FORCED, eerdere={EARLIER: ZAAK}, **correction()
    ),
}

BAD: dict[str, tuple[Question, str, str | None]] = {
    "older than seven days": (
        ask(changes={"time": NOW - timedelta(days=7, microseconds=1)}),
        Code.VERLOPEN,
        "time",
    ),
    "sent in the future": (
        ask(changes={"time": NOW + timedelta(seconds=61)}),
        Code.ONGELDIG,
        "time",
    ),
    "an applicatie that nobody registered": (
        ask(without="applicatie"),
        Code.APPLICATIE_ONBEKEND,
        "user_id",
    ),
    "over another kanaal": (
        ask(changes={"kanaal": "balie"}),
        Code.KANAAL_NIET_TOEGESTAAN,
        None,
    ),
    "of a type that the applicatie may not send": (
        ask(applicatie(types=["face"])),
        Code.KANAAL_NIET_TOEGESTAAN,
        "type",
    ),
    "no zaak": (ask(zaak=...), Code.ZAAK_ONTBREEKT, "zaak"),
    "a zaak that nobody registered": (ask(zaak="Z-0"), Code.ZAAK_ONBEKEND, "zaak"),
    "a closed zaak": (ask(zaak(einddatum="2026-12-31")), Code.ZAAK_AFGESLOTEN, "zaak"),
    "a correction on a closed zaak": (
        ask(zaak(einddatum="2026-11-01"), eerdere={EARLIER: ZAAK}, **correction()),
        Code.ZAAK_AFGESLOTEN,
        "zaak",
    ),
    "one of the two may correct a closed zaak": (
        ask(
            zaak(einddatum="2026-11-01"),
            BOTH_FORCED[0],
            eerdere={EARLIER: ZAAK},
            **correction(),
        ),
        Code.ZAAK_AFGESLOTEN,
        "zaak",
    ),
    "no correction, although both may": (
        ask(zaak(einddatum="2026-11-01"), *BOTH_FORCED),
        Code.ZAAK_AFGESLOTEN,
        "zaak",
    ),
    "a zaaktype that is switched off": (
        ask(zaaktype(klantcontactenToegestaan=False)),
        Code.ZAAKTYPE_STAAT_NIET_TOE,
        "zaak",
    ),
    "a zaaktype that nobody registered": (
        ask(without="zaaktype"),
        Code.ZAAKTYPE_STAAT_NIET_TOE,
        "zaak",
    ),
    "an opvoerder without autorisatie": (
        ask(opvoerder=opvoerder(identificatie="mdw-0001")),
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
    ),
    "an opvoerder of another soort": (
        ask(opvoerder=opvoerder(soort="geautomatiseerde_actor")),
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
    ),
    "somebody not involved": (
        ask(opvoerder={"soort": "betrokkene", "identificatie": "buur"}),
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
    ),
    "more confidential than the opvoerder may see": (
        ask(
            zaak(vertrouwelijkheidaanduiding="vertrouwelijk"),
            autorisatie("applicatie", "callcenter", maxVertrouwelijkheidaanduiding="vertrouwelijk"),
        ),
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
    ),
    "another scope": (
        ask(
            autorisatie("medewerker", "mdw-0042"),
            autorisatie("applicatie", "callcenter", scopes=["klantcontacten.lezen"]),
            without="autorisatie",
        ),
        Code.APPLICATIE_NIET_GEAUTORISEERD,
        "user_id",
    ),
    "another zaaktype": (
        ask(
            autorisatie("medewerker", "mdw-0042"),
            autorisatie("applicatie", "callcenter", zaaktype="parkeervergunning"),
            without="autorisatie",
        ),
        Code.APPLICATIE_NIET_GEAUTORISEERD,
        "user_id",
    ),
    "no zaak, and not authorised for every zaaktype": (
        ask(
            autorisatie("medewerker", "mdw-0042", zaaktype="omgevingsvergunning"),
            autorisatie("applicatie", "callcenter"),
            without="autorisatie",
            zaak=...,
            changes={"policy": Policy(contacts_without_zaak=True)},
        ),
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
    ),
    "nothing said": (ask(toelichting=...), Code.INHOUD_ONTBREEKT, "toelichting"),
    "nothing but white space": (ask(toelichting=" \n"), Code.INHOUD_ONTBREEKT, "toelichting"),
    "a contact of tomorrow": (
        ask(datumGezet=(NOW + timedelta(seconds=61)).isoformat()),
        Code.DATUM_IN_DE_TOEKOMST,
        "datumGezet",
    ),
    "a correction of nothing": (ask(correctie=True), Code.ONGELDIG, "vervolgOp"),
    "a correction without a toelichting": (
        ask(
            eerdere={EARLIER: ZAAK},
            **correction(
                toelichting=..., documenten=[{"titel": "t", "formaat": "a/b", "inhoud": ""}]
            ),
        ),
        Code.ONGELDIG,
        "toelichting",
    ),
    "following on nothing": (ask(vervolgOp=str(EARLIER)), Code.ONGELDIG, "vervolgOp"),
    "following on a contact of another zaak": (
        ask(eerdere={EARLIER: "Z-1"}, vervolgOp=str(EARLIER)),
        Code.ONGELDIG,
        "vervolgOp",
    ),
}
