from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp.commands import Basic

from tests.frames import header
from worker.rabbitmq.properties import decoded

# .NET's count of 100 nanoseconds since the year 1.
_TICKS = 638_000_000_000_000_000
_MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
BAD_HEADER = {"headers": "hold one that cannot be decoded"}


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for number in range(depth):
        made = {"a": [made] if number % 2 else made}
    return made


def framed(**properties: Any) -> bytes:  # noqa: ANN401 (each has its own type)
    """With a good property before most others, and one behind them."""
    return header(**{"content_type": "application/json", "message_id": "een", **properties})


def with_timestamp(value: int) -> bytes:
    moment = struct.pack(">Q", int(_MOMENT.timestamp()))
    return framed(timestamp=_MOMENT).replace(moment, struct.pack(">Q", value))


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
    found, unreadable = decoded(header(**properties))
    assert {name: getattr(found, name) for name in properties} == properties
    assert not unreadable


@pytest.mark.parametrize(
    ("moment", "value"),
    [
        (_MOMENT, int(_MOMENT.timestamp())),
        (_MOMENT, int(_MOMENT.timestamp() * 10**3)),
        (_MOMENT, int(_MOMENT.timestamp() * 10**6)),
        (_MOMENT, int(_MOMENT.timestamp() * 10**9)),
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
    ],
    ids=["seconds", "milliseconds", "microseconds", "nanoseconds", "zero"],
)
def test_a_timestamp_in_fractions_of_a_second_is_known_by_its_size(
    moment: datetime, value: int
) -> None:
    found, unreadable = decoded(with_timestamp(value))
    assert (found.timestamp, found.message_id, unreadable) == (moment, "een", {})


@pytest.mark.parametrize(
    ("payload", "unreadable"),
    [
        (with_timestamp(_TICKS), {"timestamp": "is no moment in seconds since 1970"}),
        (with_timestamp(2**64 - 1), {"timestamp": "is no moment in seconds since 1970"}),
        *(
            (
                framed(**{name: "één"}).replace("één".encode(), b"\xe9\xe9n  "),
                {name: "is not UTF-8"},
            )
            for name in ("correlation_id", "app_id", "reply_to", "user_id")
        ),
        (
            framed(message_type="één").replace("één".encode(), b"\xe9\xe9n  "),
            {"type": "is not UTF-8"},
        ),
        (framed(headers=nested(33)), BAD_HEADER),
        (framed(headers=nested(300)), BAD_HEADER),
        (framed(headers={"a": [None] * 40_000}), {"headers": "are larger than 32 KiB"}),
        (framed(headers={"één": 1}).replace("één".encode(), b"\xe9\xe9n  "), BAD_HEADER),
        (framed(headers={"a": "b"}).replace(b"\x01aS", b"\x01aZ"), BAD_HEADER),
        (framed(headers={"a": "b"}).replace(b"\x01aS", b"\x99aS"), BAD_HEADER),
    ],
)
def test_a_property_that_cannot_be_decoded_is_absent_and_named_and_the_others_stand(
    payload: bytes, unreadable: dict[str, str]
) -> None:
    found, wrong = decoded(payload)
    assert (found.message_id, found.content_type) == ("een", "application/json")
    assert wrong == unreadable
    (name,) = unreadable
    assert not getattr(found, {"type": "message_type"}.get(name, name))


def test_of_the_headers_only_the_bad_one_is_absent() -> None:
    nested_badly = {"in": {"één": 1}}
    given = {"een": 1, "één": 2, "diep": nested(40), "lijst": nested_badly, "twee": ["x"]}
    encoded = header(headers=given).replace("één".encode(), b"\xe9\xe9n  ")
    found, wrong = decoded(encoded)
    assert (found.headers, wrong) == ({"een": 1, "twee": ["x"]}, BAD_HEADER)


@pytest.mark.parametrize(
    ("payload", "unreadable"),
    [
        (b"", {}),
        (header(headers={"a": "b"})[:-1], {"headers": "is cut short"}),
    ],
)
def test_properties_that_are_cut_short_are_absent(
    payload: bytes, unreadable: dict[str, str]
) -> None:
    found, wrong = decoded(payload)
    assert dict(found) == dict(Basic.Properties())
    assert wrong == unreadable


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
    found, _ = decoded(header()[:12] + flags.to_bytes(2) + values)
    assert isinstance(found, Basic.Properties)


@settings(print_blob=True)
@given(st.binary(max_size=60))
def test_whatever_bytes_there_are_can_be_decoded(payload: bytes) -> None:
    found, _ = decoded(payload)
    assert isinstance(found, Basic.Properties)
