"""Klantcontacten read, or the reasons why not."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import body
from worker.errors import Refusal
from worker.formats.content import parse_klantcontact

if TYPE_CHECKING:
    from worker.domain.klantcontact import Klantcontact

CONTENT = base64.b64encode(b"hallo").decode()
DIGEST = sha256(b"hallo").hexdigest()


def document(**changes: object) -> dict[str, Any]:
    made = {"titel": "notitie", "formaat": "text/plain", "inhoud": CONTENT, **changes}
    return {name: value for name, value in made.items() if value is not ...}


def parsed(**changes: object) -> Klantcontact:
    return parse_klantcontact(body(**changes))


def reasons(content: bytes) -> list[tuple[str, str | None]]:
    with pytest.raises(Refusal) as caught:
        parse_klantcontact(content)
    return [(str(each.code), each.field) for each in caught.value.violations]
