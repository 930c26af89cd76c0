from __future__ import annotations

import base64
import random
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.contacts import contact, opvoerder
from tests.parsing import CONTENT, document, parsed
from worker.formats.content import parse_klantcontact

GOLDEN = "d2a1dca112588e3b0a73ee24c693db0a5dbd3b9c2ae2065b76177576614434f4"


def test_the_digest_is_that_of_the_content_whatever_the_order_of_the_keys() -> None:
    fields = list(contact(onderwerp="x", documenten=[document()]).items())
    shuffled = random.Random(1).sample(fields, len(fields))
    turned = orjson.dumps(dict(shuffled), option=orjson.OPT_INDENT_2)
    assert (
        parse_klantcontact(turned).digest()
        == parsed(onderwerp="x", documenten=[document()]).digest()
    )


def test_the_digest_is_that_of_the_moment_whatever_its_offset() -> None:
    here = parsed(datumGezet="2026-11-01T12:00:00+01:00")
    assert here.digest() == parsed(datumGezet="2026-11-01T11:00:00Z").digest()
    assert here.datum_gezet == datetime(2026, 11, 1, 11, tzinfo=UTC)


def test_a_default_that_is_spelled_out_changes_no_digest() -> None:
    spelled = {"initiatief": "klant", "vertrouwelijk": False, "documenten": [], "vervolgOp": None}
    assert parsed(**spelled).digest() == parsed().digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"toelichting": "anders"},
        {"zaak": "Z-1"},
        {"type": "face"},
        {"datumGezet": "2026-11-01T11:58:13+01:00"},
        {"documenten": [document()]},
        {"opvoerder": opvoerder(naam="x")},
        {"vertrouwelijk": True},
    ],
)
def test_other_content_has_another_digest(changes: dict[str, Any]) -> None:
    assert parsed(**changes).digest() != parsed().digest()


def test_other_content_of_a_document_has_another_digest() -> None:
    other = base64.b64encode(b"hallo!").decode()
    one, two = ([document(inhoud=content)] for content in (CONTENT, other))
    assert parsed(documenten=one).digest() != parsed(documenten=two).digest()


def test_the_digest_of_what_was_sent_before_stays_as_it_is() -> None:
    """The inbox holds it: a field that the contract gains must leave it alone."""
    assert parsed().digest().hex() == GOLDEN
