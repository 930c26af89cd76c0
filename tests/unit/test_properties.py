from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp.commands import Basic

from tests.frames import header
from worker.rabbitmq.properties import decoded

# Beyond the year 9999, as a sender makes it that counts in microseconds.
_MICROSECONDS = 1_764_000_000_000_000_000
_MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for number in range(depth):
        made = {"a": [made] if number % 2 else made}
    return made


def with_timestamp(value: int) -> bytes:
    return header(timestamp=_MOMENT)[:-8] + value.to_bytes(8)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"message_id": "één", "content_type": "application/json", "user_id": "callcenter"},
        {"headers": {"a": {"b": [1, None, "é"]}}},
        {"headers": nested(20)},
        {"headers": {"authorization": "a" * 30_000}},
        {"timestamp": _MOMENT},
    ],
)
def test_properties_come_out_as_they_went_in(properties: dict[str, Any]) -> None:
    found = decoded(header(**properties))
    assert {name: getattr(found, name) for name in properties} == properties


@pytest.mark.parametrize(
    "payload",
    [
        with_timestamp(_MICROSECONDS),
        with_timestamp(2**64 - 1),
        header(message_id="een")[:-3] + b"\xff\xff\xff",
        header(headers=nested(33)),
        header(headers=nested(300)),
        header(headers={"a": [None] * 40_000}),
        b"",
    ],
    ids=["microseconds", "the largest", "no UTF-8", "deep", "deeper", "many", "nothing"],
)
def test_properties_that_cannot_be_decoded_count_as_absent(payload: bytes) -> None:
    assert dict(decoded(payload)) == dict(Basic.Properties())


def short(text: bytes) -> bytes:
    return len(text).to_bytes() + text


def table(pairs: dict[bytes, bytes]) -> bytes:
    whole = b"".join(short(name) + value for name, value in pairs.items())
    return len(whole).to_bytes(4) + whole


_SHORT = st.binary(max_size=20).map(short)
_VALUE = st.one_of(
    st.binary(max_size=20).map(lambda text: b"S" + len(text).to_bytes(4) + text),
    st.binary(min_size=8, max_size=8).map(lambda moment: b"T" + moment),
    st.binary(min_size=8, max_size=8).map(lambda number: b"d" + number),
    st.binary(min_size=5, max_size=5).map(lambda number: b"D" + number),
    st.just(b"V"),
)
_TABLE = st.recursive(
    st.dictionaries(st.binary(min_size=1, max_size=5), _VALUE, max_size=3).map(table),
    lambda inner: inner.map(lambda made: table({b"in": b"F" + made})),
)
# Each property by its flag, in the order in which they stand (AMQP 0-9-1, 4.2.6.1).
_PROPERTIES: dict[int, st.SearchStrategy[bytes]] = {
    15: _SHORT,
    14: _SHORT,
    13: _TABLE,
    12: st.binary(min_size=1, max_size=1),
    11: st.binary(min_size=1, max_size=1),
    **dict.fromkeys(range(10, 6, -1), _SHORT),
    6: st.binary(min_size=8, max_size=8),
    **dict.fromkeys(range(5, 1, -1), _SHORT),
}


@settings(print_blob=True, max_examples=300)
@given(st.fixed_dictionaries({}, optional=_PROPERTIES))
def test_whatever_a_publisher_sets_can_be_decoded(given: dict[int, bytes]) -> None:
    flags = sum(1 << bit for bit in given)
    values = b"".join(given[bit] for bit in sorted(given, reverse=True))
    assert isinstance(decoded(header()[:12] + flags.to_bytes(2) + values), Basic.Properties)


@settings(print_blob=True)
@given(st.binary(max_size=60))
def test_whatever_bytes_there_are_can_be_decoded(payload: bytes) -> None:
    assert isinstance(decoded(payload), Basic.Properties)
