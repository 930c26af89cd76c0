"""What stands in AMQP's properties and headers of a message: AsyncAPI's headers are AMQP's.

AsyncAPI has no place for properties, which a client sets beside the headers: each message has
them in `x-amqp-properties`, as JSON Schema with a value for each of its examples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from worker.authentication import LONGEST_TOKEN
from worker.contract.events import ATTRIBUTES
from worker.contract.models import UUID, Schema
from worker.formats import LONGEST_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOKEN: Final = "Bearer eyJhbGciOiJIUzI1NiJ9.c2FtcGxl.c2FtcGxl"  # noqa: S105 (a sample: no token)
AUTHORIZATION: Final[Schema] = {
    "authorization": {
        "description": "Bearer and a JWT that proves the opvoerder; see the security scheme. It"
        " may also be called Authorization.",
        "type": "string",
        "pattern": r"^Bearer [A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
        "maxLength": len("Bearer ") + LONGEST_TOKEN,
    }
}
ZAAK_HEADER: Final[Schema] = {
    "zaak": {"description": "The number of the zaak, which the body has no place for."},
}
SMTP_ENVELOPE: Final[Schema] = {
    "afzender": {"description": "SMTP's MAIL FROM.", "type": "string"},
    "ontvanger": {"description": "SMTP's RCPT TO: the one recipient.", "type": "string"},
}
REPORTED_TO: Final[Schema] = {
    "ontvanger": {
        "description": "The address that the report was sent to: bounces+<token>@..., which names"
        " the mail. Without it, the report's own Delivered-To, X-Original-To, Envelope-To and To"
        " are looked at.",
        "type": "string",
    },
}
# The AMQP binding of CloudEvents, 3.1.3.1: the second is for JMS.
_PREFIXES: Final = ("cloudEvents:", "cloudEvents_")
_MILLISECONDS: Final = "In a header also AMQP's timestamp, or its milliseconds since 1970."

_SENT: Final[dict[str, Schema]] = {
    "user_id": {
        "description": "The user of the connection: the broker checks it, so it proves the"
        " applicatie.",
        "type": "string",
        "minLength": 1,
    },
    "content_type": {"description": "The format."},
    "content_encoding": {
        "description": "The body is never compressed: best left out.",
        "enum": ["identity", "utf-8", "utf8"],
    },
    "message_id": {
        "description": "The message's id, where the format has none of its own.",
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_ID,
    },
    "timestamp": {
        "description": "When it was sent, in seconds since 1970, where the format does not say.",
        "type": "integer",
    },
    "reply_to": {
        "description": "Where the outcome is told: amq.rabbitmq.reply-to, or a queue of the"
        " sender's own, antwoord.<user>.<anything>. Anything else is passed over.",
        "type": "string",
        "pattern": r"^(amq\.rabbitmq\.reply-to|antwoord\..+)",
    },
    "correlation_id": {
        "description": "Comes back with the reply.",
        "type": "string",
    },
    "delivery_mode": {"description": "2: it outlives a restart of the broker.", "const": 2},
}


TRACE: Final[dict[str, Schema]] = {
    "traceparent": {
        "description": "The context of a trace (W3C Trace Context); docs/traces.md.",
        "type": "string",
    },
}


def headers(described: Mapping[str, Schema], *, optional: Sequence[str] = ()) -> Schema:
    """The schema of AMQP's headers; others are passed over."""
    needed = [name for name in described if name not in optional]
    return {"type": "object", "properties": {**described, **TRACE}, "required": needed}


def cloud_event_headers(kind: str, described: Mapping[str, Schema]) -> Schema:
    """The attributes of a CloudEvent in binary mode, by either prefix, beside other headers."""
    attributes = {
        **ATTRIBUTES,
        "type": {**ATTRIBUTES["type"], "const": kind},
        "time": {"description": _MILLISECONDS, "anyOf": [ATTRIBUTES["time"], {"type": "integer"}]},
    }
    needed = [name for name in attributes if name != "time"]
    return {
        "type": "object",
        "required": list(described),
        "properties": {
            **described,
            **TRACE,
            **{
                f"{prefix}{name}": each for prefix in _PREFIXES for name, each in attributes.items()
            },
        },
        "anyOf": [{"required": [f"{prefix}{name}" for name in needed]} for prefix in _PREFIXES],
    }


def cloud_event_example(event: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a structured example as headers."""
    return {f"{_PREFIXES[0]}{name}": event[name] for name in ATTRIBUTES}


def of_a_sender(content_types: Sequence[str], *needed: str, replies: bool = True) -> Schema:
    """The properties that are looked at in what comes in."""
    described = {**_SENT, "content_type": {**_SENT["content_type"], "enum": list(content_types)}}
    if not replies:
        del described["reply_to"], described["correlation_id"]
    required = ["user_id", "content_type", *needed]
    return {"type": "object", "required": required, "properties": described}


def of_the_worker(content_type: str, kind: str, *, reply: bool = False) -> Schema:
    """The properties that the worker sets; it sets no user_id."""
    described: dict[str, Schema] = {
        "content_type": {"description": "The format.", "const": content_type},
        "type": {"description": "As the content says.", "const": kind},
        "message_id": {"description": "The id of what it tells of.", **UUID},
        "delivery_mode": _SENT["delivery_mode"],
    }
    optional: dict[str, Schema] = {}
    if reply:
        told = "In a reply: that of the message."
        optional["correlation_id"] = {"description": told, "type": "string"}
    return {
        "type": "object",
        "required": list(described),
        "properties": {**described, **optional},
    }
