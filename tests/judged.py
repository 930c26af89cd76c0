"""Questions to the rules: what is registered, and what is refused for one reason alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.contacts import NOW, ZAAK, opvoerder
from tests.facts import applicatie, autorisatie, register, zaak, zaaktype
from tests.known import known
from tests.registrations import question, registration
from tests.tokens import ROBOT
from worker.domain.identity import Scheme
from worker.domain.question import Policy, Question
from worker.errors import Code

EARLIER = UUID(int=7)
SENT = NOW.timestamp()
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
    token: dict[str, Any] | None = None,
    **contact: object,
) -> Question:
    """A question about a good registration, with `facts` added and kinds `without`.

    `token` changes what the token says.
    """
    base = [each for each in register() if each["soort"] != without]
    asked = registration(None, **contact)
    given = {"identity": asked.identity, **(changes or {})}
    if "time" in given:
        # Of a good message also the token is of its time.
        given["identity"] = replace(given["identity"], issued=given["time"].timestamp())
    given["identity"] = replace(given["identity"], **(token or {}))
    return question(asked, known(*base, *facts, eerdere=eerdere), **given)


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
    "by a token of an hour ago": ask(token={"issued": SENT - 3600}),
    "by a token of an hour and a minute ago, for clocks differ": ask(token={"issued": SENT - 3660}),
    "by a token that is a minute ahead": ask(token={"issued": SENT + 60}),
    "by an old token that says that it is still good": ask(
        token={"issued": SENT - 86_400, "expires": SENT - 60}
    ),
    "by a person of an organisatorische eenheid": ask(
        autorisatie("organisatorische_eenheid", "KCC"),
        opvoerder={"soort": "organisatorische_eenheid", "identificatie": "KCC"},
    ),
    "by a system": ask(
        autorisatie("geautomatiseerde_actor", ROBOT),
        opvoerder={"soort": "geautomatiseerde_actor", "identificatie": ROBOT},
    ),
    "authorised by a rol": ask(
        autorisatie("applicatie", "callcenter"),
        autorisatie("rol", "kcc-medewerker"),
        without="autorisatie",
        token={"roles": ("iets-anders", "kcc-medewerker")},
    ),
    "the stronger scope holds the weaker": ask(
        autorisatie("applicatie", "callcenter", scopes=FORCED[1:]),
        autorisatie("medewerker", "mdw-0042", scopes=FORCED[1:]),
        without="autorisatie",
    ),
    "a correction on a closed zaak by a rol that may": ask(
        zaak(einddatum="2026-11-01"),
        BOTH_FORCED[0],
        autorisatie("rol", "teamleider", scopes=FORCED),
        token={"roles": ("teamleider",)},
        eerdere={EARLIER: ZAAK},
        **correction(),
    ),
    "a correction": ask(eerdere={EARLIER: ZAAK}, **correction()),
    "following on a contact that came without a zaak": ask(
        eerdere={EARLIER: None}, vervolgOp=str(EARLIER)
    ),
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
    "by a token that ended": (
        ask(token={"issued": SENT - 3661}),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "authorization",
    ),
    "by a token that says that it ended": (
        ask(token={"expires": SENT - 61}),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "authorization",
    ),
    "by a token from the future": (
        ask(token={"issued": SENT + 61}),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "authorization",
    ),
    "by a token that is not good yet": (
        ask(token={"not_before": SENT + 61}),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "authorization",
    ),
    "by a token of another applicatie": (
        ask(applicatie(clientIds=["balie"])),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "authorization",
    ),
    "by a token of another person": (
        ask(token={"person": "mdw-0001"}),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "opvoerder",
    ),
    "by a token of nobody": (
        ask(token={"person": None}),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "opvoerder",
    ),
    "by a person of another organisatorische eenheid": (
        ask(
            autorisatie("organisatorische_eenheid", "KCC"),
            opvoerder={"soort": "organisatorische_eenheid", "identificatie": "KCC"},
            token={"organisatie": "Burgerzaken"},
        ),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "opvoerder",
    ),
    "by a system with the token of a person": (
        ask(
            autorisatie("geautomatiseerde_actor", ROBOT),
            opvoerder={"soort": "geautomatiseerde_actor", "identificatie": ROBOT},
            token={"person": "mdw-0042"},
        ),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "opvoerder",
    ),
    "by somebody involved, on the word of an applicatie": (
        ask(
            opvoerder={"soort": "betrokkene", "identificatie": "bsn-pseudoniem-1"},
            token={"scheme": Scheme.ZGW, "client": "kcc"},
        ),
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "opvoerder",
    ),
    "authorised by a rol that the token has not": (
        ask(
            autorisatie("applicatie", "callcenter"),
            autorisatie("rol", "kcc-medewerker"),
            without="autorisatie",
        ),
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
    ),
    "somebody not involved, whatever the roles of the token": (
        ask(
            autorisatie("rol", "kcc-medewerker"),
            opvoerder={"soort": "betrokkene", "identificatie": "buur"},
            token={"roles": ("kcc-medewerker",)},
        ),
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
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
    "a correction on a closed zaak by somebody involved, whatever the roles of the token": (
        ask(
            zaak(einddatum="2026-11-01"),
            BOTH_FORCED[0],
            autorisatie("rol", "teamleider", scopes=FORCED),
            opvoerder={"soort": "betrokkene", "identificatie": "bsn-pseudoniem-1"},
            token={"roles": ("teamleider",)},
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
        ask(opvoerder=opvoerder(soort="geautomatiseerde_actor", identificatie=ROBOT)),
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
    "correcting from a zaak what has none": (
        ask(eerdere={EARLIER: None}, **correction()),
        Code.ONGELDIG,
        "vervolgOp",
    ),
    "following without a zaak on what has one": (
        ask(
            zaak=...,
            vervolgOp=str(EARLIER),
            eerdere={EARLIER: ZAAK},
            changes={"policy": Policy(contacts_without_zaak=True)},
        ),
        Code.ONGELDIG,
        "vervolgOp",
    ),
    "following on a contact of another zaak": (
        ask(eerdere={EARLIER: "Z-1"}, vervolgOp=str(EARLIER)),
        Code.ONGELDIG,
        "vervolgOp",
    ),
}
