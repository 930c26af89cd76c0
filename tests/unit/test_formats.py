from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contacts import NOW, body, contact, delivery
from worker.errors import Code, Refusal
from worker.formats import decode
from worker.formats.content import parse_klantcontact
from worker.register import parse_fact

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 1024 * 1024


def reason(content: bytes | None = None, **properties: object) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        decode(delivery(content, **properties), NOW, MOST)
    (violation,) = caught.value.violations
    return str(violation.code), violation.field


def test_plain_json_takes_who_and_what_from_the_properties() -> None:
    sent = datetime(2026, 11, 22, tzinfo=UTC)
    envelope = decode(delivery(message_id="een", timestamp=sent), NOW, MOST)
    assert envelope.key == ("callcenter", "urn:applicatie:callcenter", "een")
    assert (envelope.time, envelope.data) == (sent, body())


def test_without_a_time_the_moment_of_receipt_stands_in() -> None:
    assert decode(delivery(), NOW, MOST).time == NOW


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        " application/json ",
    ],
)
def test_json_is_json_however_it_is_written(content_type: str) -> None:
    assert decode(delivery(content_type=content_type), NOW, MOST).data == body()


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/xml+x", "json"])
def test_another_content_type_or_none_cannot_be_read(content_type: str | None) -> None:
    assert reason(content_type=content_type) == (Code.ONLEESBAAR, "content_type")


@pytest.mark.parametrize("encoding", [None, "", "identity", "UTF-8", "utf8"])
def test_a_body_that_is_not_compressed_is_read(encoding: str | None) -> None:
    assert decode(delivery(content_encoding=encoding), NOW, MOST).data == body()


@pytest.mark.parametrize("encoding", ["gzip", "br", "latin-1"])
def test_a_body_that_is_compressed_is_not_read(encoding: str) -> None:
    assert reason(content_encoding=encoding) == (Code.ONLEESBAAR, "content_encoding")


@pytest.mark.parametrize("user_id", [None, ""])
def test_who_sets_no_user_id_is_nobody(user_id: str | None) -> None:
    assert reason(user_id=user_id) == (Code.APPLICATIE_ONBEKEND, "user_id")


@pytest.mark.parametrize("message_id", [None, "", "a\x00b", "a\nb"])
def test_a_message_needs_an_id_that_can_be_printed(message_id: str | None) -> None:
    assert reason(message_id=message_id) == (Code.ONGELDIG, "message_id")


@pytest.mark.parametrize(("size", "good"), [(MOST, True), (MOST + 1, False)])
def test_a_message_is_too_large_from_one_byte_over_the_limit(size: int, *, good: bool) -> None:
    sent = delivery(b'"' + b" " * (size - 2) + b'"')
    if good:
        assert len(decode(sent, NOW, MOST).data) == size
    else:
        assert reason(content=sent.body) == (Code.TE_GROOT, None)


_TEXT = st.text(max_size=30)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
    | st.sampled_from([10**400, -(10**400), 2**64, "\x00", "9999-12-31T23:59:59Z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=8,
)
_FIELDS = [
    *contact(),
    *("onderwerp", "initiatief", "taal", "vertrouwelijk", "gesprekspartners", "uitkomst"),
    *("afspraken", "documenten", "correctie", "vervolgOp"),
]


def _decides(parse: Callable[[bytes], object], content: bytes) -> None:
    """Any outcome but an answer or a refusal is a defect."""
    with suppress(Refusal):
        parse(content)


@settings(print_blob=True)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_klantcontact_or_refused(content: bytes) -> None:
    _decides(parse_klantcontact, content)
    _decides(parse_fact, content)


@settings(print_blob=True, max_examples=200)
@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=5))
def test_anything_like_a_klantcontact_is_one_or_refused(changes: dict[str, Any]) -> None:
    _decides(parse_klantcontact, json.dumps({**contact(), **changes}).encode())


@settings(print_blob=True, max_examples=200)
@given(st.sampled_from(["documenten", "gesprekspartners", "afspraken"]), st.lists(
    st.dictionaries(
        st.sampled_from(
            ["titel", "formaat", "inhoud", "url", "sha256", "omvang", "rol", "omschrijving"]
        ),
        _JSON,
        max_size=4,
    ),
    max_size=3,
))  # fmt: skip
def test_anything_like_a_part_of_one_is_one_or_refused(
    field: str, parts: list[dict[str, Any]]
) -> None:
    _decides(parse_klantcontact, json.dumps(contact(**{field: parts})).encode())


@settings(print_blob=True)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "content": st.binary(max_size=50),
            "user_id": st.none() | _TEXT,
            "message_id": st.none() | _TEXT,
            "content_type": st.none() | _TEXT | st.just("application/json"),
            "content_encoding": st.none() | _TEXT,
        },
    )
)
def test_any_delivery_has_an_envelope_or_is_refused(properties: dict[str, Any]) -> None:
    _decides(lambda _: decode(delivery(**properties), NOW, MOST), b"")


def test_a_contact_of_the_tests_is_a_good_one() -> None:
    assert parse_klantcontact(orjson.dumps(contact())).zaak == contact()["zaak"]
