"""The JSON Schema of everything that goes over the broker as JSON (draft 2020-12)."""

from __future__ import annotations

from typing import Final

from worker.contract import events, models, problems
from worker.contract.models import FACTS, Schema

ID: Final = "urn:klantcontact:contract:v1"

REFUSED_NEVERTHELESS: Final[dict[str, str]] = {
    "calendar": "a day that the calendar does not have, as 30 February",
    "edge": "a moment that its offset puts before 1900 or after 9998",
    "language": "a taal that is no ISO 639 code",
    "content": "an omvang or sha256 that inhoud does not have",
    "decimal": "an omvang with a decimal point, as 5.0, which JSON Schema takes for an integer",
    "bytes": "an id or source that is within the limit in characters and beyond it in bytes"
    " (UTF-8), or has characters that cannot be printed",
    "json": "JSON that two readers could take for two things: a name that stands twice, half a"
    " surrogate pair; and what is nested more than 200 deep",
    "rules": "what hangs on the zaak, the parties, their token, the clock, and the settings",
}
"""What keeps to the schema and is refused: JSON Schema cannot say it."""

TAKEN_NEVERTHELESS: Final[dict[str, str]] = {
    "moment": "other ways to write a moment, as a space for the T, no seconds, an offset without a"
    " colon",
    "uuid": "a UUID without hyphens, in braces, or as urn:uuid:",
}
"""What does not keep to the schema and is taken today: nobody should rely on it."""


def document() -> Schema:
    """The whole; its root is a klantcontact as plain JSON has it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Klantcontact, as it goes over the broker",
        "description": differences(),
        "$ref": "#/$defs/Klantcontact",
        "$defs": definitions(),
    }


def definitions() -> dict[str, Schema]:
    """Every type of the contract, by name."""
    fact = {
        "description": "A line of `klantcontact register import`: one fact, whole.",
        "oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in FACTS],
    }
    return {
        **models.definitions(),
        "Feit": fact,
        **events.definitions(),
        **problems.definitions(),
    }


def differences() -> str:
    """Where the worker and this schema differ, in CommonMark."""
    refused = "".join(f"- {text}\n" for text in REFUSED_NEVERTHELESS.values())
    taken = "".join(f"- {text}\n" for text in TAKEN_NEVERTHELESS.values())
    return (
        "What keeps to the schema is nevertheless refused for:\n\n"
        f"{refused}\nNot promised, and taken today:\n\n{taken}"
    )
