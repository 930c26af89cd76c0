"""Klantcontacten as channels send them, and deliveries as the broker hands them over."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson

from tests.tokens import authorization
from worker.envelope import Delivery

ZAAK = "ZAAK-2026-0000001"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
QUEUE = "klantcontact.registratie.callcenter"
TOELICHTING = "Mevrouw vertelde over haar ziekte."

_numbers = count(1)


def opvoerder(**changes: object) -> dict[str, Any]:
    return {"soort": "medewerker", "identificatie": "mdw-0042", **changes}


def contact(**changes: object) -> dict[str, Any]:
    """A valid klantcontact; a change to `...` takes the field away."""
    fields = {
        "zaak": ZAAK,
        "datumGezet": "2026-11-01T11:58:12+01:00",
        "type": "call",
        "toelichting": TOELICHTING,
        "opvoerder": opvoerder(),
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def body(**changes: object) -> bytes:
    return orjson.dumps(contact(**changes))


def delivery(content: bytes | None = None, **properties: object) -> Delivery:
    """A delivery with an id of its own, of a valid klantcontact unless `content` is given."""
    sent = body() if content is None else content
    given: dict[str, Any] = {
        "queue": QUEUE,
        "user_id": "callcenter",
        "message_id": f"bericht-{next(_numbers)}",
        "content_type": "application/json",
        "headers": authorization(sent, NOW),
        **properties,
    }
    return Delivery(sent, **given)
