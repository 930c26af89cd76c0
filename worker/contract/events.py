"""JSON Schema of what wraps a klantcontact, and of what the worker says in return.

What comes in is described as strictly as it is read. What goes out may gain fields within the
same version, so whoever reads it passes over what they do not know (RFC 9457, section 3.2).
"""

from __future__ import annotations

from typing import Final

from worker.contract.models import MOMENT, UUID, Schema
from worker.formats import LONGEST_ID, LONGEST_SOURCE, REGISTREREN, ZAAK_BIJGEWERKT
from worker.outcomes import (
    AFGEWEZEN,
    DEAD_LETTERS_GROEIEN,
    GEREGISTREERD,
    MAIL_MISLUKT,
    UITGESTELD,
)

_PRINTABLE: Final = r"^[^\u0000-\u001f\u007f-\u009f]+$"

ATTRIBUTES: Final[dict[str, Schema]] = {
    "specversion": {"description": "The version of CloudEvents.", "const": "1.0"},
    "id": {
        "description": "The message's id: with source and applicatie the message's identity.",
        "type": "string",
        "pattern": _PRINTABLE,
        "maxLength": LONGEST_ID,
    },
    "source": {
        "description": "urn:nld:oin:<OIN>:systeem:<name> (NL GOV profile). What begins with"
        " urn:applicatie: must be the applicatie's own.",
        "type": "string",
        "pattern": _PRINTABLE,
        "maxLength": LONGEST_SOURCE,
    },
    "type": {"description": "What it asks for."},
    "time": {
        "description": "When it was sent: its age and its token are judged by it. Without it,"
        " AMQP's timestamp, else the moment of receipt.",
        **MOMENT,
    },
}
"""The attributes that are read of a CloudEvent that comes in; others are passed over."""


def definitions() -> dict[str, Schema]:
    """`$defs` of CloudEvents in and out, by name."""
    return {
        "KlantcontactRegistreren": _incoming(REGISTREREN, "Klantcontact"),
        "ZaakBijgewerkt": _incoming(ZAAK_BIJGEWERKT, "Zaak"),
        "KlantcontactGeregistreerd": _outgoing(GEREGISTREERD, "Geregistreerd", "klantcontact's id"),
        "KlantcontactAfgewezen": _outgoing(
            AFGEWEZEN, "Afgewezen", "message's id, or the dead letter's where it has none"
        ),
        "KlantcontactUitgesteld": _outgoing(
            UITGESTELD, "Uitgesteld", "message's id, or the dead letter's where it has none"
        ),
        "DeadLettersGroeien": _outgoing(DEAD_LETTERS_GROEIEN, "Groei", "code of the group"),
        "MailMislukt": _outgoing(MAIL_MISLUKT, "Mislukking", "mail's id"),
        "Geregistreerd": told(
            "What a message became.",
            klantcontact={"description": "The id of the klantcontact.", **UUID},
            zaak={"description": "Its zaak, if it has one.", "type": ["string", "null"]},
            bericht={"allOf": [{"$ref": "#/$defs/Bericht"}]},
        ),
        "Afgewezen": told(
            "Why a message was refused; it is kept as a dead letter.",
            bericht={"allOf": [{"$ref": "#/$defs/BerichtZoverBekend"}]},
            probleem={"allOf": [{"$ref": "#/$defs/Probleem"}]},
        ),
        "Uitgesteld": told(
            "What a message waits for; its final outcome follows.",
            bericht={"allOf": [{"$ref": "#/$defs/BerichtZoverBekend"}]},
            probleem={"allOf": [{"$ref": "#/$defs/Probleem"}]},
        ),
        "Groei": told(
            "Dead letters with the same code, queue and field, of which there are more; told at"
            " most once an hour (a setting) for each group.",
            code={"allOf": [{"$ref": "#/$defs/Code"}]},
            queue={"description": "The queue that they were on.", "type": "string"},
            veld={
                "description": "The field of the first error, items of lists without their number;"
                " - for none, ? for one that is not in the contract.",
                "type": "string",
            },
            aantal={"description": "How many are open.", "type": "integer", "minimum": 1},
            nieuw={
                "description": "How many of them came first since it was told last.",
                "type": "integer",
                "minimum": 0,
            },
            laatste={"description": "When the last one came.", **MOMENT},
        ),
        "Mislukking": told(
            "A mail that did not arrive, or of which that is not known.",
            mail={"description": "The id of the mail.", **UUID},
            zaak={"description": "The zaak that it is about.", "type": "string"},
            toestand={
                "description": "mislukt: refused, given up, or come back; onzeker: the mail server"
                " fell silent after it.",
                "enum": ["mislukt", "onzeker"],
            },
        ),
        "Bericht": _bericht("The identity of the message.", "string"),
        "BerichtZoverBekend": _bericht(
            "The identity of the message, as far as it could be read.", ["string", "null"]
        ),
    }


def _incoming(kind: str, data: str) -> Schema:
    return {
        "description": "A CloudEvent 1.0 in structured mode; attributes that are not described"
        " here are passed over.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            **ATTRIBUTES,
            "type": {**ATTRIBUTES["type"], "const": kind},
            "datacontenttype": {
                "description": "The data is JSON; may be left out.",
                "type": "string",
                "pattern": "^application/json *(;.*)?$",
            },
            "data": {"allOf": [{"$ref": f"#/$defs/{data}"}]},
        },
    }


def _outgoing(kind: str, data: str, subject: str) -> Schema:
    text = {"type": "string", "minLength": 1}
    return told(
        "A CloudEvent 1.0 in structured mode (NL GOV profile), information-poor: ids and codes.",
        specversion=ATTRIBUTES["specversion"],
        id={"description": "The event's id; told twice, it is the same.", **UUID},
        source={"description": "The installation: urn:nld:oin:<OIN>:systeem:<name>.", **text},
        type={"description": "What happened; also the routing key.", "const": kind},
        subject={"description": f"The {subject}.", **text},
        time={"description": "When it was decided.", **MOMENT},
        datacontenttype={"description": "What data is.", "const": "application/json"},
        data={"allOf": [{"$ref": f"#/$defs/{data}"}]},
    )


def _bericht(description: str, kind: str | list[str]) -> Schema:
    return told(
        description,
        applicatie={"description": "The applicatie, which the broker proved.", "type": kind},
        bron={"description": "The source that the message claims.", "type": kind},
        id={"description": "Its id.", "type": kind},
    )


def told(description: str, **properties: Schema) -> Schema:
    """An object with all of these fields, and any others."""
    return {
        "description": description,
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }
