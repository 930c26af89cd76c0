from __future__ import annotations

from typing import Any

import pytest

from tests.contacts import body
from tests.parsing import DIGEST, document, parsed, reasons
from worker.errors import Code, Refusal
from worker.formats.content import FORMS, parse_klantcontact


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("", {"url": "https://x.example.nl/1"}),
        ("", {"inhoud": ...}),
        (".sha256", {"inhoud": ..., "url": "https://x.example.nl/1"}),
        ("", {"sha256": "0" * 64}),
        ("", {"omvang": 6}),
        (".inhoud", {"inhoud": "aGFsbG8"}),
        (".inhoud", {"inhoud": "aGFs\nbG8="}),
        (".inhoud", {"inhoud": "é"}),
        (".inhoud", {"inhoud": 7}),
        (".sha256", {"sha256": "ab"}),
        (".omvang", {"omvang": -1}),
        (".omvang", {"omvang": 2**41}),
        (".formaat", {"formaat": "tekst"}),
        (".titel", {"titel": ""}),
        (".url", {"inhoud": ..., "url": "http://x.example.nl/1", "sha256": DIGEST}),
        (".url", {"inhoud": ..., "url": "https://x\n", "sha256": DIGEST}),
        (".creatiedatum", {"creatiedatum": "2026-13-01"}),
    ],
)
def test_a_document_that_is_not_right_is_refused_by_its_number_and_field(
    field: str, changes: dict[str, Any]
) -> None:
    sent = body(documenten=[document(), document(**changes)])
    assert reasons(sent) == [(Code.DOCUMENT_ONGELDIG, f"documenten.1{field}")]


def test_an_address_without_https_is_asked_for_it_and_for_the_sha256_at_once() -> None:
    sent = body(documenten=[document(inhoud=..., url="http://x.example.nl/1")])
    with pytest.raises(Refusal) as caught:
        parse_klantcontact(sent)
    assert [(each.field, each.detail) for each in caught.value.violations] == [
        ("documenten.0.url", FORMS["url"]),
        ("documenten.0.sha256", "sha256 is needed with a url"),
    ]


def test_size_and_digest_of_content_inside_are_computed() -> None:
    (made,) = parsed(documenten=[document()]).documenten
    assert (made.inhoud, made.omvang, made.sha256) == (b"hallo", 5, DIGEST)


def test_size_and_digest_that_are_given_rightly_change_nothing() -> None:
    with_both = parsed(documenten=[document(omvang=5, sha256=DIGEST.upper())])
    assert with_both.digest() == parsed(documenten=[document()]).digest()
