"""A reason for each code, in the program's words: what the examples of refusals are made of."""

from __future__ import annotations

from typing import Final

from worker.errors import Code, Violation

REASONS: Final = (
    Violation(Code.ONLEESBAAR, "the body is not JSON in UTF-8"),
    Violation(Code.ONGELDIG, "this field is required", "datumGezet"),
    Violation(Code.TE_GROOT, "at most 1048576 bytes; send documents by url"),
    Violation(Code.VERLOPEN, "older than 7 days", "time"),
    Violation(
        Code.ID_HERGEBRUIKT,
        "a klantcontact with other content was registered under this id; use a new one",
        "message_id",
    ),
    Violation(Code.APPLICATIE_ONBEKEND, "not in the register", "user_id"),
    Violation(Code.KANAAL_NIET_TOEGESTAAN, "the applicatie may not send this type", "type"),
    Violation(
        Code.OPVOERDER_NIET_GEAUTHENTICEERD,
        "jwt-expired: the token was no longer valid at the message's time",
        "authorization",
    ),
    Violation(
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        "no autorisatie with scope klantcontacten.toevoegen covers this zaak",
        "opvoerder",
    ),
    Violation(
        Code.APPLICATIE_NIET_GEAUTORISEERD,
        "no autorisatie with scope klantcontacten.toevoegen covers this zaak",
        "user_id",
    ),
    Violation(Code.ZAAK_ONBEKEND, "not in the register (yet)", "zaak"),
    Violation(Code.ZAAK_AFGESLOTEN, "the zaak has an end date", "zaak"),
    Violation(
        Code.ZAAKTYPE_STAAT_NIET_TOE,
        "the process owner has not switched klantcontacten on for this zaaktype",
        "zaak",
    ),
    Violation(Code.INHOUD_ONTBREEKT, "give a toelichting, a document or both", "toelichting"),
    Violation(Code.ZAAK_ONTBREEKT, "name the zaak that it is about", "zaak"),
    Violation(Code.DATUM_IN_DE_TOEKOMST, "datumGezet lies in the future", "datumGezet"),
    Violation(
        Code.DOCUMENT_ONGELDIG,
        "inhoud does not have the given sha256 or omvang",
        "documenten.0",
    ),
    Violation(Code.MAIL_MISLUKT, "the mail server refused it (550)"),
    Violation(Code.ONVERWACHT, "see the log at the time of this dead letter"),
    Violation(Code.BROKER_REJECTED, "a consumer of others rejected it"),
    Violation(Code.BROKER_EXPIRED, "it waited on its queue for longer than its expiry"),
    Violation(Code.BROKER_MAXLEN, "the queue was full"),
    Violation(Code.BROKER_DELIVERY_LIMIT, "it was delivered and given back too often"),
    Violation(Code.BROKER_UNKNOWN, "the broker gave no reason that is known"),
    Violation(
        Code.BROKER_UNDELIVERABLE,
        "the broker ended the connection with 541 INTERNAL_ERROR at each delivery of it",
    ),
)
