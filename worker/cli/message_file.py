"""A file with one message: what format it is in, and who it says entered the klantcontact.

Read leniently: a message that is wrong on purpose goes out all the same, and is refused for
what is wrong with it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from lxml import etree

from worker.domain.klantcontact import OpvoerderSoort
from worker.errors import UsageError

JSON: Final = "application/json"
CLOUD_EVENT: Final = "application/cloudevents+json"
XML: Final = "application/xml"


@dataclass(frozen=True, slots=True)
class Named:
    """The opvoerder that a message names."""

    soort: OpvoerderSoort
    identificatie: str


def read(file: Path) -> bytes:
    """The content of `file`, or of stdin for `-`. Raises UsageError."""
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def content_type(file: Path, body: bytes) -> str:
    """What the file is by its suffix, and where it has none by how it begins."""
    if file.suffix == ".xml" or (not file.suffix and body.lstrip().startswith(b"<")):
        return XML
    content = _json(body)
    return CLOUD_EVENT if isinstance(content, dict) and "specversion" in content else JSON


def opvoerder(body: bytes) -> Named | None:
    """Whoever the message names as its opvoerder, in any of the formats; None if nobody."""
    content = _json(body)
    if isinstance(content, dict) and "specversion" in content:
        content = content.get("data")
    found: Any = content.get("opvoerder") if isinstance(content, dict) else _in_xml(body)
    try:
        return Named(OpvoerderSoort(found["soort"]), str(found["identificatie"]))
    except (TypeError, KeyError, ValueError):
        return None


def _json(body: bytes) -> Any:  # noqa: ANN401 (any JSON)
    try:
        return orjson.loads(body)
    except ValueError:
        return None


def _in_xml(body: bytes) -> Any:  # noqa: ANN401 (as the same in JSON, or nothing)
    """By the names of the elements, whatever namespace they are in."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    names = ("soort", "identificatie")
    texts = {name: root.findtext(f".//{{*}}Opvoerder/{{*}}{name.capitalize()}") for name in names}
    return {name: text.strip() for name, text in texts.items() if text}
