"""CloudEvents 1.0, structured and binary: made by the official package, read by ours."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from cloudevents.core.bindings import amqp
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from tests.contacts import NOW, body, contact, delivery
from worker.errors import Code, Refusal
from worker.formats import REGISTREREN, ZAAK_BIJGEWERKT, decode
from worker.formats.content import parse_klantcontact

if TYPE_CHECKING:
    from worker.envelope import Delivery, Envelope

MOST = 1024 * 1024
SENT = datetime(2026, 11, 23, 11, 58, 12, tzinfo=timezone(timedelta(hours=1)))
SOURCE = "urn:nld:oin:00000000000000000000:systeem:kcc"


def event(**changes: object) -> dict[str, Any]:
    """A structured event; a change to `...` takes the attribute away."""
    fields = {
        "specversion": "1.0",
        "type": REGISTREREN,
        "source": SOURCE,
        "id": "een",
        "time": SENT.isoformat(),
        "datacontenttype": "application/json",
        "data": contact(),
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def structured(**changes: object) -> Delivery:
    return sent(orjson.dumps(event(**changes)))


def sent(content: bytes) -> Delivery:
    return delivery(content, content_type="application/cloudevents+json; charset=utf-8")


def binary(prefix: str = "cloudEvents:", **changes: object) -> Delivery:
    attributes = event(**changes)
    data = attributes.pop("data")
    content_type = attributes.pop("datacontenttype", None)
    headers = {f"{prefix}{name}": value for name, value in attributes.items()}
    return delivery(orjson.dumps(data), content_type=content_type, headers=headers)


def read(message: Delivery, kind: str = REGISTREREN) -> Envelope:
    return decode(message, NOW, MOST, kind)


def reason(message: Delivery) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        read(message)
    (violation,) = caught.value.violations
    return str(violation.code), violation.field


FORMS = {"structured": structured, "binary": binary}


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
def test_an_event_says_who_what_and_when(make: Any) -> None:  # noqa: ANN401 (either form)
    envelope = read(make())
    assert envelope.key == ("callcenter", SOURCE, "een")
    assert envelope.time == SENT.astimezone(UTC)
    assert parse_klantcontact(envelope.data) == parse_klantcontact(body())


def test_events_of_the_official_package_are_read() -> None:
    attributes = {"type": REGISTREREN, "source": SOURCE, "id": "een", "time": SENT}
    made = CloudEvent({**attributes, "datacontenttype": "application/json"}, contact())
    for message in (
        amqp.to_structured(made, JSONFormat()),
        amqp.to_binary(made, JSONFormat()),
    ):
        envelope = read(
            delivery(
                message.application_data,
                content_type=message.properties["content-type"],
                headers=message.application_properties,
            )
        )
        assert envelope.key == ("callcenter", SOURCE, "een")
        assert envelope.time == SENT
        assert parse_klantcontact(envelope.data) == parse_klantcontact(body())


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_"])
def test_both_prefixes_of_the_amqp_binding_are_known(prefix: str) -> None:
    assert read(binary(prefix)).id == "een"


@pytest.mark.parametrize(
    "time", [SENT.isoformat(), SENT.astimezone(UTC), int(SENT.timestamp() * 1000)], ids=str
)
def test_a_time_in_a_header_is_a_text_a_timestamp_or_milliseconds(time: object) -> None:
    assert read(binary(time=time)).time == SENT


def test_headers_come_before_the_content_type() -> None:
    message = binary(id="from the headers")
    assert read(message).id == "from the headers"


def test_without_a_time_the_property_stands_in_and_then_the_moment_of_receipt() -> None:
    content = orjson.dumps(event(time=...))
    stamped = delivery(content, content_type="application/cloudevents+json", timestamp=SENT)
    assert read(stamped).time == SENT
    assert read(structured(time=...)).time == NOW


def test_attributes_that_are_extensions_are_passed_over() -> None:
    assert read(structured(traceparent="00-x", nldexpression="1")).id == "een"


def test_the_data_of_a_zaak_is_told_by_its_own_type() -> None:
    assert read(structured(type=ZAAK_BIJGEWERKT), ZAAK_BIJGEWERKT).id == "een"
    with pytest.raises(Refusal):
        read(structured(), ZAAK_BIJGEWERKT)


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "nl.overheid.iets-anders"}, "type"),
        ({"type": ...}, "type"),
        ({"specversion": "0.3"}, "specversion"),
        ({"source": ...}, "source"),
        ({"source": 7}, "source"),
        ({"source": ""}, "source"),
        ({"source": "u" * 501}, "source"),
        ({"source": "urn:\x07"}, "source"),
        ({"id": ...}, "id"),
        ({"id": ["een"]}, "id"),
        ({"id": "é" * 128}, "id"),
        ({"time": "gisteren"}, "time"),
        ({"time": "2026-11-23T11:58:12"}, "time"),
        ({"time": 2**62}, "time"),
        ({"time": True}, "time"),
    ],
    ids=str,
)
def test_an_attribute_that_is_missing_or_wrong_is_named(
    make: Any,  # noqa: ANN401 (either form)
    changes: dict[str, Any],
    field: str,
) -> None:
    assert reason(make(**changes)) == (Code.ONGELDIG, field)


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        (structured(datacontenttype="application/xml"), Code.ONGELDIG, "datacontenttype"),
        (structured(data=...), Code.ONGELDIG, "data"),
        (sent(b'{"specversion": "1.0", "data": 1' + b"0" * 30 + b"}"), Code.ONGELDIG, "data"),
        (sent(b"[]"), Code.ONGELDIG, None),
        (sent(b"{"), Code.ONLEESBAAR, None),
        (binary(datacontenttype="application/xml"), Code.ONLEESBAAR, "content_type"),
        (binary(datacontenttype=...), Code.ONLEESBAAR, "content_type"),
    ],
    ids=["data in xml", "no data", "a number too large", "a list", "no json", "xml", "no type"],
)
def test_what_holds_no_klantcontact_in_json_is_refused(
    message: Delivery, code: Code, field: str | None
) -> None:
    assert reason(message) == (code, field)


TWICE = (
    body()[:-1] + b', "zaak": "ZAAK-2"}',
    b'{"a": {"b": 1, "c": [{"d": 1, "d": 1}]}}',
    b'{"a": 1, "\\u0061": 2}',
)


@pytest.mark.parametrize("content", TWICE, ids=["at the top", "deep within", "by an escape"])
def test_a_name_that_stands_twice_makes_a_message_unreadable(content: bytes) -> None:
    assert reason(delivery(content)) == (Code.ONLEESBAAR, None)
    wrapped = b'{"specversion": "1.0", "data": %s}' % content
    assert reason(sent(wrapped)) == (Code.ONLEESBAAR, None)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "\\ud800"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": NaN}',
        b"\xef\xbb\xbf{}",
        b"[" * 10_000,
    ],
    ids=["a lone surrogate", "one in bytes", "NaN", "a byte order mark", "depth"],
)
def test_what_is_not_quite_json_is_unreadable(content: bytes) -> None:
    assert reason(delivery(content)) == (Code.ONLEESBAAR, None)


def test_the_source_of_another_applicatie_is_not_the_senders_to_use() -> None:
    assert reason(structured(source="urn:applicatie:balie")) == (
        Code.KANAAL_NIET_TOEGESTAAN,
        "source",
    )
    assert read(structured(source="urn:applicatie:callcenter")).source.endswith("callcenter")


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_ATTRIBUTES = st.sampled_from(["specversion", "type", "source", "id", "time", "data", "subject"])


@given(st.dictionaries(_ATTRIBUTES, _JSON, max_size=4))
def test_anything_like_an_event_is_one_or_refused(changes: dict[str, Any]) -> None:
    content = {**event(), **changes}
    headers = {f"cloudEvents:{name}": value for name, value in content.items()}
    for message in (sent(json.dumps(content).encode()), delivery(body(), headers=headers)):
        with suppress(Refusal):
            assert read(message).source


@pytest.mark.parametrize("number", ["1e999", "-1e999", "[1e400]", "1.5"])
def test_a_number_that_no_field_takes_is_refused_in_every_format(number: str) -> None:
    data = json.dumps(contact(onderwerp="@")).replace('"@"', number).encode()
    whole = json.dumps(event(data="@")).replace('"@"', data.decode()).encode()
    for each in (sent(whole), delivery(data)):
        with pytest.raises(Refusal):
            parse_klantcontact(decode(each, NOW, MOST).data)
