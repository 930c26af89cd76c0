"""JSON Schema of what comes in, from the models that read it, as strict as they are.

Only keywords that draft 07 and 2020-12 have alike: AsyncAPI's own schemas are draft 07. Forms
are patterns, because a validator may leave `format` unchecked.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic.json_schema import models_json_schema

from worker.contract.descriptions import DESCRIPTIONS
from worker.domain.klantcontact import Klantcontact
from worker.domain.register import Applicatie, Autorisatie, Zaak, Zaaktype

Schema = dict[str, Any]

FACTS: Final = (Zaaktype, Zaak, Applicatie, Autorisatie)
"""What a line of `klantcontact register import` can be."""

_MONTH_AND_DAY: Final = "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]+)?"
_OFFSET: Final = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
# What Python's strip() takes away; the \s of other dialects differs from it.
_BLANK: Final = (
    r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
)
MOMENT: Final[Schema] = {
    "type": "string",
    "format": "date-time",
    # RFC 3339; from 1900 on, and not the year 9999.
    "pattern": f"^(?!9999)(19|[2-9][0-9])[0-9]{{2}}-{_MONTH_AND_DAY}[Tt]{_CLOCK}{_OFFSET}$",
}
UUID: Final[Schema] = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
}
_BASE64: Final[Schema] = {
    "type": "string",
    "contentEncoding": "base64",
    "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}
_FORMS: Final[dict[str, Schema]] = {
    "date-time": MOMENT,
    "date": {
        "type": "string",
        "format": "date",
        "pattern": f"^(?!0000)[0-9]{{4}}-{_MONTH_AND_DAY}$",
    },
    "uuid": UUID,
    "binary": _BASE64,
}
_SAID: Final[Schema] = {"type": "string", "pattern": f"[^{_BLANK}]"}
_TEXT: Final[Schema] = {"type": "string"}
_NOTHING: Final[Schema] = {"type": "null"}

# What models say in code, and rules of the source: pydantic's own schema has none of them.
_BEYOND_FIELDS: Final[dict[str, Schema]] = {
    "Klantcontact": {
        "allOf": [
            {
                "description": "S5: at least a toelichting, not blank, or a document.",
                "anyOf": [
                    {"required": ["toelichting"], "properties": {"toelichting": _SAID}},
                    {
                        "required": ["documenten"],
                        "properties": {"documenten": {"type": "array", "minItems": 1}},
                    },
                ],
            },
            {
                "description": "A correction says what it corrects, and why.",
                "if": {"required": ["correctie"], "properties": {"correctie": {"const": True}}},
                "then": {
                    "required": ["vervolgOp", "toelichting"],
                    "properties": {"vervolgOp": _TEXT, "toelichting": _SAID},
                },
            },
        ]
    },
    "Document": {
        "oneOf": [
            {
                "description": "Its content is here.",
                "required": ["inhoud"],
                "properties": {"inhoud": _TEXT, "url": _NOTHING},
            },
            {
                "description": "It is kept elsewhere, and its sha256 proves that it is the same.",
                "required": ["url", "sha256"],
                "properties": {"inhoud": _NOTHING, "url": _TEXT, "sha256": _TEXT},
            },
        ]
    },
}


def definitions() -> dict[str, Schema]:
    """`$defs` of all models and of what they are made of, by name."""
    mode: Literal["validation"] = "validation"
    models = [(model, mode) for model in (Klantcontact, *FACTS)]
    _, generated = models_json_schema(models, by_alias=True)
    return {name: _told(name, schema) for name, schema in sorted(generated["$defs"].items())}


def _told(name: str, schema: Schema) -> Schema:
    """A model's schema in the contract's words."""
    told = {**schema, "description": DESCRIPTIONS[name]}
    if "properties" in schema:
        told["properties"] = {
            field: _field(f"{name}.{field}", each) for field, each in schema["properties"].items()
        }
    return {**told, **_BEYOND_FIELDS.get(name, {})}


def _field(path: str, schema: Schema) -> Schema:
    told = _strict({key: value for key, value in schema.items() if key != "title"})
    if path == "Klantcontact.taal":
        told["pattern"] = "^[A-Za-z]{2,3}$"
    if "$ref" in told:
        # Draft 07 looks at nothing beside a reference.
        told = {"allOf": [told]}
    if told.get("default", ...) is None:
        del told["default"]
    return {"description": DESCRIPTIONS[path], **told}


def _strict(schema: Schema) -> Schema:
    """The form that goes with its `format`, also within alternatives."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [_strict(each) for each in schema["anyOf"]]}
    return dict(_FORMS.get(schema.get("format", ""), schema))
