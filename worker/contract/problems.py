"""JSON Schema of a refusal: a problem (RFC 9457) with the closed list of codes."""

from __future__ import annotations

from typing import Final

from worker.contract.events import told
from worker.contract.models import UUID, Schema
from worker.errors import Code

_TYPE: Final = "urn:klantcontact:probleem:"
_TEXT: Final = {"type": "string", "minLength": 1}
_STATUS: Final = {"type": "integer", "minimum": 400, "maximum": 599}


def definitions() -> dict[str, Schema]:
    """`$defs` of problems, by name."""
    codes = {
        "description": "The codes, in order: the first that applies is the problem's type.",
        "enum": [str(code) for code in Code],
    }
    return {"Probleem": _problem(), "Reden": _reason(), "Code": codes}


def _problem() -> Schema:
    return told(
        "A problem (RFC 9457); its type is that of the first reason.",
        type={"description": "Which one.", "enum": [f"{_TYPE}{code}" for code in Code]},
        title={"description": "The same for every occurrence of the type.", **_TEXT},
        status={"description": "As in HTTP.", **_STATUS},
        detail={"description": "Why; for people, and never a value of the message.", **_TEXT},
        instance={
            "description": "The dead letter.",
            "type": "string",
            "pattern": f"^urn:uuid:{UUID['pattern'][1:]}",
        },
        errors={
            "description": "Every reason at once, at most 50 of one kind of check.",
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/$defs/Reden"},
        },
    )


def _reason() -> Schema:
    return told(
        "One reason.",
        code={"allOf": [{"$ref": "#/$defs/Code"}]},
        field={
            "description": "Where: a path in the message, a property or a header of it, or null."
            " A name that the sender made up stands in the reply alone.",
            "type": ["string", "null"],
        },
        detail={"description": "Why; for people.", **_TEXT},
    )
