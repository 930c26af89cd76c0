"""Inputs of several parts in one row of bytes, so that whoever makes bytes can make them all."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.contacts import QUEUE
from tests.frames import header
from worker.envelope import Delivery
from worker.rabbitmq.properties import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from pamqp.commands import Basic

SEPARATOR: Final = b"\x1e"
"""ASCII's own; in no JSON and no XML."""
_TEXTS: Final = (
    "content_type",
    "content_encoding",
    "user_id",
    "message_id",
    "reply_to",
    "correlation_id",
)
_KINDS: Final[dict[str, Callable[[str], object]]] = {
    "bytes:": lambda given: bytearray(given.encode()),
    "decimal:": Decimal,
    "float:": float,
}
_MOMENT: Final = "moment:"


def joined(*pieces: bytes) -> bytes:
    return SEPARATOR.join(pieces)


def split(data: bytes, count: int) -> list[bytes]:
    """`count` pieces, the last with whatever is left; those that are not there are empty."""
    pieces = data.split(SEPARATOR, count - 1)
    return pieces + [b""] * (count - len(pieces))


def text(piece: bytes, longest: int | None = None) -> str:
    return piece[:longest].decode("utf-8", "ignore")


def message(body: bytes, headers: dict[str, Any], timestamp: int = 0, **texts: str) -> bytes:
    """What `sent` takes: the properties, the headers as JSON, the body."""
    properties = [texts.get(name, "").encode() for name in _TEXTS]
    moment = str(timestamp).encode() if timestamp else b""
    return joined(*properties, moment, orjson.dumps(headers), body)


def sent(data: bytes, queue: str = QUEUE) -> Delivery | None:
    """The delivery of a message, through the frames of AMQP; None if no client could send it.

    Empty properties are absent. In headers `moment:`, `bytes:`, `decimal:` and `float:` stand
    for what AMQP has and JSON has not.
    """
    *texts, timestamp, headers, body = split(data, len(_TEXTS) + 3)
    given: dict[str, Any] = {
        name: text(piece, 255) or None for name, piece in zip(_TEXTS, texts, strict=True)
    }
    try:
        given["headers"] = _value(orjson.loads(headers or b"{}"))
        if timestamp:
            given["timestamp"] = datetime.fromtimestamp(int(timestamp), UTC)
        payload = header(len(body), **given)
    except Exception:  # noqa: BLE001 (whatever keeps a client from sending it)
        return None
    properties, _ = decoded(payload)
    return _delivered(properties, body, queue)


def _delivered(properties: Basic.Properties, body: bytes, queue: str) -> Delivery:
    texts = {name: getattr(properties, name) for name in _TEXTS}
    if texts["user_id"]:
        # The broker has held it against the name of the connection's user.
        texts["user_id"] = texts["user_id"].replace("\x00", "")
    return Delivery(
        body, queue, timestamp=properties.timestamp, headers=properties.headers or {}, **texts
    )


def _value(given: object) -> object:
    if isinstance(given, dict):
        return {name: _value(each) for name, each in given.items()}
    if isinstance(given, list):
        return [_value(each) for each in given]
    if not isinstance(given, str):
        return given
    if given.startswith(_MOMENT):
        return datetime.fromtimestamp(int(given.removeprefix(_MOMENT)), UTC)
    for kind, made in _KINDS.items():
        if given.startswith(kind):
            return made(given.removeprefix(kind))
    return given
