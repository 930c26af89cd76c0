"""A dead letter that is taken out of the program, as JSON."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from worker.cli.dead_letters import headers, listed_lines
from worker.cli.dead_letters.content import in_body, is_fact
from worker.cli.dead_letters.masking import masked_field
from worker.cli.dead_letters.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.postgres.dead_letter_export import Content, Record


def document(record: Record, content: Content | None) -> dict[str, Any]:
    """What is known of one; with its `content`, also properties and headers, but for the token.

    Without it, names of fields that the sender made up are masked: they may say anything.
    """
    known = {**listed_lines.document(record.known), "bron": record.source}
    if content is None:
        return {**known, "probleem": _without_made_up(record)}
    return {
        **known,
        "probleem": record.problem,
        "properties": headers.properties(content.properties, reveal=True),
        "headers": _without_token(headers.headers(content.properties, reveal=True)),
    }


def with_body(record: Record, content: Content | None) -> dict[str, Any]:
    """As `document`, and with the body in it: as text, or where it is none as base64."""
    if content is None:
        return document(record, None)
    found = {**document(record, content), **_text("body", content.body)}
    return found if content.edited is None else {**found, **_text("bewerkt", content.edited)}


def _text(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}Base64": b64encode(data).decode()}


def _without_token(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if value != headers.NEVER}


def _without_made_up(record: Record) -> dict[str, Any]:
    fact = is_fact(record.known.queue)
    shape = shape_of({"soort": "zaak"}, fact=fact)
    errors = [
        {**each, "field": masked_field(in_body(each["field"], fact=fact), shape)}
        if each.get("field")
        else each
        for each in record.problem.get("errors", [])
    ]
    return {**record.problem, "errors": errors}
