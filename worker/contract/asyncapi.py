"""The contract as an AsyncAPI 3.0 document."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from worker.contract import json_schema
from worker.contract.channels import channels
from worker.contract.incoming import BOUNCES, REGISTRATIES, ZAKEN
from worker.contract.operations import operations
from worker.contract.outgoing import EVENTS, MAILS
from worker.contract.prose import description
from worker.contract.remedies import REMEDIES
from worker.errors import Code, Violation, problem

if TYPE_CHECKING:
    from worker.contract.models import Schema

_SECURITY: Final[dict[str, Schema]] = {
    "gebruiker": {
        "type": "userPassword",
        "description": "A user of the broker for each applicatie (SASL PLAIN, over TLS).",
    },
    "certificaat": {
        "type": "X509",
        "description": "A client certificate, where the broker's administrator asks for one.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "In the AMQP header authorization. A ZGW token (HS256 by the secret of its"
        " client_id; iss, iat and client_id needed) or one of the OpenID Connect identity provider"
        " (RS256, ES256, EdDSA). It must be good at the message's time and name the opvoerder. Its"
        " claim digest, the SHA-256 of the body in base64url without padding, binds it to one"
        " message.",
    },
}


def document() -> Schema:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "id": json_schema.ID,
        "info": {
            "title": "klantcontact",
            "version": version("klantcontact"),
            "description": description(),
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "servers": {"voorbeeld": _server()},
        "channels": channels(),
        "operations": operations(),
        "components": {
            "messages": {
                name: message.document()
                for group in (REGISTRATIES, ZAKEN, BOUNCES, EVENTS, MAILS)
                for name, message in group.items()
            },
            "schemas": _relocated(json_schema.definitions()),
            "securitySchemes": _SECURITY,
            "x-problems": _problems(),
        },
    }


def _server() -> Schema:
    return {
        "host": "broker.example.nl:5671",
        "protocol": "amqps",
        "protocolVersion": "0-9-1",
        "pathname": "/",
        "description": "A sample: each municipality has a broker of its own (RabbitMQ).",
        "security": [
            {"$ref": "#/components/securitySchemes/gebruiker"},
            {"$ref": "#/components/securitySchemes/certificaat"},
        ],
    }


def _problems() -> dict[str, Schema]:
    """Type, title and status of each code, and what helps."""
    problems = {}
    for code in Code:
        told = problem((Violation(code, ""),), "")
        problems[str(code)] = {
            **{name: told[name] for name in ("type", "title", "status")},
            "wrong": REMEDIES[code].wrong,
            "helps": REMEDIES[code].helps,
        }
    return problems


def _relocated(value: Any) -> Any:  # noqa: ANN401 (any part of a schema)
    """The same, its references to where AsyncAPI keeps schemas."""
    match value:
        case dict():
            return {
                key: each.replace("#/$defs/", "#/components/schemas/")
                if key == "$ref"
                else _relocated(each)
                for key, each in value.items()
            }
        case list():
            return [_relocated(each) for each in value]
        case _:
            return value
