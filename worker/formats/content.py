"""From the data of a message to frozen models, and from pydantic's errors to our codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jiter
from pydantic import TypeAdapter, ValidationError

from worker.domain.klantcontact import Klantcontact
from worker.domain.text import Identification
from worker.errors import Code, Refusal, Violation

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# A message with ten thousand errors is told its first ones.
_MOST_ERRORS = 50
_MOST_FIELD = 100
_ZAAK: Final = TypeAdapter(Identification)


def read_json(body: bytes, *, exact: bool = False) -> Any:  # noqa: ANN401 (any JSON)
    """The JSON of a body; raises Refusal where two readers could take it for two things.

    A name that stands twice in one object is such a case (RFC 7493, section 2.3): the last one
    counts here, the first one elsewhere. The parser stops at 200 levels. With
    `exact` a number with a point or an exponent comes as it is written (`jiter.LosslessFloat`):
    1e999 is no float.
    """
    try:
        return jiter.from_json(
            body,
            allow_inf_nan=False,
            catch_duplicate_keys=True,
            float_mode="lossless-float" if exact else "float",
        )
    except ValueError as error:
        # The parser's words end up nowhere: they may quote the name.
        twice = str(error).startswith("Detected duplicate key")
        detail = "a name stands twice in one JSON object" if twice else _NO_JSON
        raise Refusal(Violation(Code.ONLEESBAAR, detail)) from None


_NO_JSON = "the body is not JSON in UTF-8"


def zaak_in(data: bytes) -> str | None:
    """The zaak that the JSON of a klantcontact names, whatever else is wrong with it."""
    try:
        return zaak_of(read_json(data))
    except Refusal:
        return None


def zaak_of(document: object) -> str | None:
    """The zaak that a klantcontact names, if it has the form of one."""
    named = document.get("zaak") if isinstance(document, dict) else None
    try:
        zaak: str = _ZAAK.validate_python(named, strict=True)
    except ValidationError:
        return None
    return zaak


def parse_klantcontact(data: bytes) -> Klantcontact:
    """Parse the JSON of a klantcontact; raises Refusal with every violation at once."""
    try:
        return Klantcontact.model_validate_json(data)
    except ValidationError as error:
        raise refusal(error) from None


def refusal(error: ValidationError) -> Refusal:
    """The refusal for what pydantic found, without any of the values it found.

    `from None` at the raise matters: the ValidationError quotes the input.
    """
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return Refusal(*(_violation(detail) for detail in details[:_MOST_ERRORS]))


def _violation(detail: ErrorDetails) -> Violation:
    if detail["type"] == "json_invalid":
        return Violation(Code.ONLEESBAAR, _NO_JSON, None)
    path = ".".join(str(part) for part in detail["loc"])[:_MOST_FIELD]
    within_document = path.startswith("documenten.")
    code = Code.DOCUMENT_ONGELDIG if within_document else Code.ONGELDIG
    return Violation(code, _text(detail), path or None, detail["type"] == "extra_forbidden")


# What pydantic says of these would quote the input, or is not in the contract's words.
_TEXTS = {
    "extra_forbidden": "this field is not in the contract",
    "missing": "this field is required",
    "union_tag_invalid": "must be zaaktype, zaak, applicatie or autorisatie",
    "union_tag_not_found": "soort is required",
    "uuid_parsing": "a UUID is needed",
    "string_pattern_mismatch": "has a character, or a form, that is not allowed here",
}


# What else a text must be, by the field that it stands in.
FORMS: Final = {
    "url": "an address that begins with https:// and has no spaces is needed",
    "formaat": "a media type as text/plain is needed",
    "sha256": "64 hexadecimal digits are needed",
}


def _text(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch" and detail["loc"][-1] in FORMS:
        return FORMS[str(detail["loc"][-1])]
    return _TEXTS.get(detail["type"], detail["msg"].removeprefix("Value error, "))
