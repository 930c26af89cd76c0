"""A message of AMQP 1.0 as a delivery, with what can be kept of it (part 3: messaging).

The names are those that RabbitMQ itself gives to what it converts, so that what came by AMQP
0-9-1 is what it was, and a retry reads it as the intake would have. Nothing here fails on what a
message holds: what has no counterpart is left out, and a body that is no text stays as its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from worker.envelope import Delivery
from worker.rabbitmq.amqp10.encoding import Described, MalformedError, Pairs, Reader, Symbol

_ANNOTATIONS, _PROPERTIES, _APPLICATION, _DATA, _SEQUENCE, _VALUE = range(0x72, 0x78)
_BODY: Final = frozenset({_DATA, _SEQUENCE, _VALUE})
# The broker's own of this delivery, not the message's.
_OF_THE_DELIVERY: Final = frozenset(
    {"x-exchange", "x-routing-key", "x-delivery-count", "x-acquired-count"}
)
_DEATHS: Final = "x-opt-deaths"
# An address of format 2, and of format 1.
_QUEUES: Final = ("/queues/", "/queue/")


@dataclass(slots=True)
class _Sections:
    """The parts of a message; `own` is what the sender made of them, to the byte."""

    annotations: dict[str, Any] = field(default_factory=dict)
    properties: list[Any] = field(default_factory=list)
    application: dict[str, Any] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)
    own: list[bytes] = field(default_factory=list)


def identity(payload: bytes) -> bytes:
    """What tells a message from others, however often it is delivered: SHA-256 of its own part."""
    return sha256(b"".join(_sections(payload).own)).digest()


def delivery(payload: bytes, queue: str) -> Delivery:
    """What can be kept of a message that was taken from `queue`."""
    found = _sections(payload)
    properties = [*found.properties, *[None] * 13]
    headers = _headers(found)
    message_id = _text_of_id(properties[0])
    if message_id is None and isinstance(properties[0], bytes):
        headers.setdefault("x-message-id", _plain(properties[0]))
    created = properties[9]
    return Delivery(
        body=b"".join(found.body),
        queue=queue,
        user_id=_text(properties[1]),
        message_id=message_id,
        content_type=_text(properties[6]),
        content_encoding=_text(properties[7]),
        timestamp=created if isinstance(created, datetime) else None,
        reply_to=_reply_to(properties[4]),
        correlation_id=_text_of_id(properties[5]),
        redelivered=True,
        headers=headers,
    )


def _sections(payload: bytes) -> _Sections:
    """As far as it can be read; what cannot be is the body, from there on."""
    found = _Sections()
    reader = Reader(payload)
    while reader.left:
        start = reader.place
        try:
            section = reader.value()
            if not isinstance(section, Described):
                msg = "no section"
                raise MalformedError(msg)  # noqa: TRY301 (one way for all that cannot be read)
        except MalformedError:
            found.own.append(payload[start:])
            found.body.append(payload[start:])
            break
        _sort(found, section, payload[start : reader.place])
    return found


def _sort(found: _Sections, section: Described, content: bytes) -> None:
    """Put one section where it belongs; `content` is all of its bytes."""
    value = section.value
    match section.descriptor:
        case 0x72 if isinstance(value, Pairs):
            found.annotations |= value.named()
        case 0x73 if isinstance(value, list):
            found.properties = value
            found.own.append(content)
        case 0x74 if isinstance(value, Pairs):
            found.application |= value.named()
            found.own.append(content)
        case descriptor if descriptor in _BODY:
            found.body.append(_content(descriptor, value, content))
            found.own.append(content)


def _content(descriptor: object, value: object, content: bytes) -> bytes:
    if descriptor in {_DATA, _VALUE} and isinstance(value, bytes):
        return value
    if descriptor == _VALUE and isinstance(value, str):
        return value.encode(errors="surrogatepass")
    return content


def _headers(found: _Sections) -> dict[str, Any]:
    """Application properties, and those annotations that are headers of AMQP 0-9-1."""
    headers = {name: _plain(each) for name, each in found.application.items()}
    for name, each in found.annotations.items():
        if name == _DEATHS:
            headers["x-death"] = _deaths(each)
        elif name.startswith("x-") and name not in _OF_THE_DELIVERY:
            headers.setdefault(name, _plain(each))
    return headers


def _deaths(value: object) -> list[dict[str, Any]]:
    """What the broker wrote of its dead-lettering, as AMQP 0-9-1 has it."""
    deaths = value if isinstance(value, list) else []
    found = [each.named() for each in deaths if isinstance(each, Pairs)]
    return [
        {name: _plain(each[name]) for name in ("queue", "reason", "exchange") if name in each}
        | ({"time": each["first-time"]} if isinstance(each.get("first-time"), datetime) else {})
        for each in found
    ]


def _plain(value: object) -> Any:  # noqa: ANN401 (whatever JSON has a word for)
    """A value in what a header may be."""
    match value:
        case Pairs():
            return {str(key): _plain(each) for key, each in value}
        case list():
            return [_plain(each) for each in value]
        case Described():
            return _plain(value.value)
        case Symbol() | UUID():
            return str(value)
        case bytes():
            return value.decode(errors="replace")
        case _:
            return value


def _text(value: object) -> str | None:
    """A text, also one that was sent as bytes."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value) if isinstance(value, str) else None


def _text_of_id(value: object) -> str | None:
    """An id as RabbitMQ writes it for AMQP 0-9-1; bytes are none."""
    match value:
        case str():
            return value
        case bool():
            return None
        case int():
            return str(value)
        case UUID():
            return value.urn
        case _:
            return None


def _reply_to(value: object) -> str | None:
    """The name of the queue, where it is an address of RabbitMQ's."""
    found = _text(value)
    for prefix in _QUEUES:
        if found is not None and found.startswith(prefix):
            return unquote(found.removeprefix(prefix))
    return found
