"""The files of docs/contract, by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from worker.contract import asyncapi, json_schema
from worker.formats.xsd import xsd

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.contract.models import Schema


def _written(document: Schema) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


FILES: Final[dict[str, Callable[[], str]]] = {
    "asyncapi.json": lambda: _written(asyncapi.document()),
    "klantcontact.schema.json": lambda: _written(json_schema.document()),
    "klantcontact.xsd": xsd,
}
"""How each is written; always the same for the same code."""
