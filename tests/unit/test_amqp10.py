"""AMQP 1.0: values and messages as any client may write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rabbitmq.amqp10.encoding import Described, MalformedError, Pairs, Reader, Symbol
from worker.rabbitmq.amqp10.link import address
from worker.rabbitmq.amqp10.message import delivery, identity

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.unit

QUEUE = "klantcontact.registratie.callcenter"


def string(text: str) -> bytes:
    return b"\xa1" + len(text).to_bytes(1) + text.encode()


def listed(*items: bytes) -> bytes:
    whole = b"".join(items)
    return b"\xc0" + (len(whole) + 1).to_bytes(1) + len(items).to_bytes(1) + whole


def mapped(*items: bytes) -> bytes:
    return b"\xc1" + listed(*items)[1:]


def section(number: int, value: bytes) -> bytes:
    return b"\x00\x53" + number.to_bytes(1) + value


def data(content: bytes) -> bytes:
    return section(0x75, b"\xb0" + len(content).to_bytes(4) + content)


PROPERTIES = section(
    0x73,
    listed(
        string("een"),
        b"\xa0\x0acallcenter",
        b"\x40",
        b"\x40",
        string("/queues/antwoord.callcenter.x%2Fy"),
        string("c1"),
        b"\xa3\x10application/json",
        b"\x40",
        b"\x40",
        b"\x83" + (1_790_000_000_123).to_bytes(8),
    ),
)
APPLICATION = section(
    0x74,
    mapped(string("authorization"), string("Bearer a.b.c"), string("n"), b"\x55\x05"),
)


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        (b"\x40", None),
        (b"\x41", True),
        (b"\x56\x00", False),
        (b"\x43", 0),
        (b"\x70\x00\x00\x01\x00", 256),
        (b"\x55\xff", -1),
        (b"\x82\x3f\xf8" + bytes(6), 1.5),
        (b"\x73\x00\x00\x20\xac", "€"),
        (b"\x83" + bytes(8), datetime(1970, 1, 1, tzinfo=UTC)),
        (b"\x83\x7f" + b"\xff" * 7, 2**63 - 1),
        (b"\x98" + bytes(16), UUID(int=0)),
        (b"\xa3\x01a", Symbol("a")),
        (b"\xa1\x02\xff\xfe", "\ufffd\ufffd"),
        (listed(b"\x41", b"\x40"), [True, None]),
        (mapped(string("a"), b"\x43"), Pairs([("a", 0)])),
        (b"\xe0\x04\x02\x50\x01\x02", [1, 2]),
        (b"\x00\x53\x24\x45", Described(0x24, [])),
    ],
)
def test_a_value_is_read(encoded: bytes, value: object) -> None:
    assert Reader(encoded).value() == value


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\xff",
        b"\xa1\x05abc",
        b"\xb1\xff\xff\xff\xff",
        b"\x00" * 100,
        b"\xc0\x02\x01" * 60,
        b"\xc1\x02\x01\x40",
        b"\x73\xff\xff\xff\xff\x00"[:3],
    ],
)
def test_what_is_no_value_or_too_much_is_refused(encoded: bytes) -> None:
    with pytest.raises(MalformedError):
        Reader(encoded).value()


def nested_lists(depth: int) -> bytes:
    value = b"\x45"
    for _ in range(depth):
        value = b"\xd0" + (len(value) + 4).to_bytes(4) + (1).to_bytes(4) + value
    return value


def nested_arrays(depth: int) -> bytes:
    constructor, item = b"\x45", b""
    for _ in range(depth):
        content = (1).to_bytes(4) + constructor + item
        constructor, item = b"\xf0", len(content).to_bytes(4) + content
    return constructor + item


def nested_descriptions(depth: int) -> bytes:
    return b"\x00\x53\x24" * depth + b"\x45"


@pytest.mark.parametrize("nested", [nested_lists, nested_arrays, nested_descriptions])
def test_values_are_nested_32_deep_and_no_deeper(nested: Callable[[int], bytes]) -> None:
    assert Reader(nested(32)).value()
    with pytest.raises(MalformedError, match="nested too deep"):
        Reader(nested(33)).value()


def array_of_nulls(count: int) -> bytes:
    return b"\xf0" + (5).to_bytes(4) + count.to_bytes(4) + b"\x40"


def list_of_nulls(count: int) -> bytes:
    return b"\xd0" + (count + 4).to_bytes(4) + count.to_bytes(4) + b"\x40" * count


@pytest.mark.parametrize("nulls", [array_of_nulls, list_of_nulls])
def test_values_are_read_up_to_a_number_and_no_more(nulls: Callable[[int], bytes]) -> None:
    assert len(Reader(nulls(60_000)).value()) == 60_000
    with pytest.raises(MalformedError, match="too many values"):
        Reader(nulls(70_000)).value()


def test_a_message_becomes_the_delivery_that_it_would_have_been() -> None:
    found = delivery(PROPERTIES + APPLICATION + data(b'{"a":') + data(b"1}"), QUEUE)
    assert (found.body, found.queue, found.user_id) == (b'{"a":1}', QUEUE, "callcenter")
    assert (found.message_id, found.correlation_id) == ("een", "c1")
    assert found.reply_to == "antwoord.callcenter.x/y"
    assert found.content_type == "application/json"
    assert found.timestamp == datetime.fromtimestamp(1_790_000_000.123, UTC)
    assert found.headers == {"authorization": "Bearer a.b.c", "n": 5}


@pytest.mark.parametrize(
    ("message_id", "expected", "header"),
    [
        (b"\x80" + (7).to_bytes(8), "7", None),
        (b"\x98" + bytes(16), UUID(int=0).urn, None),
        (b"\xa0\x02id", None, "id"),
        (b"\x40", None, None),
    ],
)
def test_an_id_is_written_as_the_broker_does(
    message_id: bytes, expected: str | None, header: str | None
) -> None:
    found = delivery(section(0x73, listed(message_id)) + data(b"x"), QUEUE)
    assert (found.message_id, found.headers.get("x-message-id")) == (expected, header)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (section(0x77, string("tekst")), b"tekst"),
        (section(0x77, b"\xa0\x02\x00\x01"), b"\x00\x01"),
        (section(0x77, mapped()), section(0x77, mapped())),
        (section(0x76, listed()), section(0x76, listed())),
        (b"\xffgeen sectie", b"\xffgeen sectie"),
        (b"", b""),
    ],
)
def test_a_body_of_any_kind_is_kept(body: bytes, kept: bytes) -> None:
    found = delivery(PROPERTIES + body, QUEUE)
    assert (found.body, found.message_id) == (kept, "een")


def test_what_the_broker_dead_lettered_says_where_it_died() -> None:
    death = mapped(
        string("queue"), string(QUEUE), string("reason"), b"\xa3\x08rejected",
        string("first-time"), b"\x83" + bytes(8),
    )  # fmt: skip
    array = b"\xe0" + (len(death) + 1).to_bytes(1) + b"\x01" + death
    annotations = section(0x72, mapped(b"\xa3\x0cx-opt-deaths", array))
    (found,) = delivery(annotations + data(b"x"), "klantcontact.dlq").headers["x-death"]
    assert (found["queue"], found["reason"]) == (QUEUE, "rejected")
    assert found["time"] == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_message_is_the_same_however_often_it_is_delivered_and_another_is_not() -> None:
    own = PROPERTIES + APPLICATION + data(b"x")
    header, again = section(0x70, listed(b"\x41")), section(0x70, listed(b"\x42"))
    counted = section(0x72, mapped(b"\xa3\x10x-delivery-count", b"\x55\x01"))
    assert identity(header + own) == identity(again + counted + own)
    assert identity(own) != identity(PROPERTIES + APPLICATION + data(b"y"))


@given(st.binary(max_size=400))
def test_no_message_is_too_odd_to_be_kept(odd: bytes) -> None:
    found = delivery(PROPERTIES + odd, QUEUE)
    assert found.queue == QUEUE
    assert identity(odd) == identity(odd)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.13.7", "/amq/queue/een%2Ftwee"), ("4.0.5", "/queues/een%2Ftwee")],
)
def test_a_queue_has_the_address_of_its_broker_s_format(version: str, expected: str) -> None:
    assert address("een/twee", version) == expected
