"""One bad message for every way in which a message can be bad, with what it is refused for."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contacts import body, opvoerder
from tests.facts import applicatie, autorisatie, register, zaak, zaaktype
from worker.errors import Code


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """`body` with `properties` is refused for `code`, at `field`."""

    name: str
    code: Code
    field: str | None
    body: bytes
    properties: dict[str, Any] = dataclasses.field(default_factory=dict)


def refused(
    name: str, code: Code, at: str | None, content: bytes | None = None, **properties: object
) -> Refused:
    given = {"message_id": name, "headers": {"x-eigen": name}, **properties}
    return Refused(name, code, at, body() if content is None else content, given)


NOW = datetime.now(UTC)
# Beside the running zaak: one for each rule that looks at the zaak or the parties.
REGISTER = [
    *register(),
    zaak(identificatie="ZAAK-DICHT", einddatum="2026-11-02"),
    zaak(identificatie="ZAAK-UIT", zaaktype="parkeervergunning"),
    zaaktype(identificatie="parkeervergunning", klantcontactenToegestaan=False),
    applicatie("balie", types=["face"]),
    autorisatie("applicatie", "balie"),
    applicatie("portaal"),
]
# The test's database has a trigger that fails on this: what the program cannot know beforehand.
UNEXPECTED = "onverwacht"

UNREADABLE = (
    refused("no-json", Code.ONLEESBAAR, None, b"{"),
    refused("empty", Code.ONLEESBAAR, None, b""),
    refused("not-utf-8", Code.ONLEESBAAR, None, b'{"zaak": "\xff\xfe"}'),
    refused("deep", Code.ONLEESBAAR, None, b"[" * 100_000),
    refused("text", Code.ONLEESBAAR, "content_type", content_type="text/plain"),
    refused("no-content-type", Code.ONLEESBAAR, "content_type", content_type=None),
    refused("compressed", Code.ONLEESBAAR, "content_encoding", content_encoding="gzip"),
    refused("large", Code.TE_GROOT, None, b" " * (1024 * 1024 + 1)),
)
INVALID = (
    refused("a-list", Code.ONGELDIG, None, b"[]"),
    refused("type", Code.ONGELDIG, "type", body(type="fax")),
    refused("number", Code.ONGELDIG, "toelichting", body(toelichting=7)),
    refused("unknown-field", Code.ONGELDIG, "kleur", body(kleur="rood")),
    refused("within", Code.ONGELDIG, "opvoerder.bsn", body(opvoerder=opvoerder(bsn="1"))),
    refused("nul", Code.ONGELDIG, "toelichting", body(toelichting="a\x00b")),
    refused("missing", Code.ONGELDIG, "datumGezet", body(datumGezet=...)),
    # This client makes up an id where none is given; amqplib's test sends none at all.
    refused("no-id", Code.ONGELDIG, "message_id", message_id="\x01"),
    refused("document", Code.DOCUMENT_ONGELDIG, "documenten.0.titel", body(documenten=[{}])),
)
AGAINST_A_RULE = (
    refused("no-user", Code.APPLICATIE_ONBEKEND, "user_id", user_id=None),
    refused("unknown-user", Code.APPLICATIE_ONBEKEND, "user_id", user="mailintake"),
    refused("kanaal", Code.KANAAL_NIET_TOEGESTAAN, "type", user="balie"),
    refused(
        "opvoerder",
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "opvoerder",
        body(opvoerder=opvoerder(identificatie="mdw-0001")),
    ),
    refused("applicatie", Code.APPLICATIE_NIET_GEAUTORISEERD, "user_id", user="portaal"),
    refused(
        "no-token",
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "authorization",
        headers={"x-eigen": "no-token", "authorization": None},
    ),
    refused("zaak-onbekend", Code.ZAAK_ONBEKEND, "zaak", body(zaak="ZAAK-0")),
    refused("zaak-dicht", Code.ZAAK_AFGESLOTEN, "zaak", body(zaak="ZAAK-DICHT")),
    refused("zaak-uit", Code.ZAAKTYPE_STAAT_NIET_TOE, "zaak", body(zaak="ZAAK-UIT")),
    refused("geen-zaak", Code.ZAAK_ONTBREEKT, "zaak", body(zaak=...)),
    refused("leeg", Code.INHOUD_ONTBREEKT, "toelichting", body(toelichting=" ")),
    refused(
        "morgen",
        Code.DATUM_IN_DE_TOEKOMST,
        "datumGezet",
        body(datumGezet=(NOW + timedelta(days=1)).isoformat()),
    ),
    refused("oud", Code.VERLOPEN, "time", timestamp=NOW - timedelta(days=8)),
    refused("hergebruikt", Code.ID_HERGEBRUIKT, "message_id", message_id="goed-0"),
    refused("onverwacht", Code.ONVERWACHT, None, body(onderwerp=UNEXPECTED)),
)
ALL = (*UNREADABLE, *INVALID, *AGAINST_A_RULE)
