"""The properties of a delivery, whatever a publisher put into them.

A publisher can set what no decoder can take: a timestamp beyond the year 9999, headers nested a
thousand deep, or tens of thousands of them, text that is not UTF-8. Where that ends the
connection, the message comes again to the next one and no other gets through. Here such a
property counts as absent and is reported by name; the others stand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pamqp import decode
from pamqp.commands import Basic
from pamqp.header import ContentHeader

if TYPE_CHECKING:
    from collections.abc import Mapping

# JSON's own parsers stop somewhere beyond 200.
_DEEPEST: Final = 32
# The decoder copies what is left of a table or list for each of its entries, which takes the
# square of their number: 120 KiB of empty ones keep everybody waiting for two thirds of a second.
# A token has 8 KiB at most.
_LARGEST: Final = 32 * 1024

_NOT_UTF8: Final = "is not UTF-8"
_NO_MOMENT: Final = "is no moment in seconds since 1970"
_CUT_SHORT: Final = "is cut short"
_TOO_LARGE: Final = f"are larger than {_LARGEST // 1024} KiB"
_NO_HEADER: Final = "hold one that cannot be decoded"

# What the protocol calls a property that the decoder has another name for.
_CALLED: Final = {"message_type": "type"}
# The bytes of each property and header value whose size does not vary (AMQP 0-9-1, 4.2.5.5, and
# https://www.rabbitmq.com/amqp-0-9-1-errata.html).
_FIXED_PROPERTIES: Final = {"octet": 1, "timestamp": 8}
_FIXED_VALUES: Final = {
    **dict.fromkeys(b"V\x00", 0),
    **dict.fromkeys(b"tbB", 1),
    **dict.fromkeys(b"su", 2),
    **dict.fromkeys(b"Iif", 4),
    ord("D"): 5,
    **dict.fromkeys(b"lLdT", 8),
}
_SIZED_VALUES: Final = frozenset(b"SxAF")
_MOMENT: Final = ord("T")
# As the decoder has it: what is more than this are no seconds.
_MOST_SECONDS: Final = 0xFFFFFFFF
# How many milliseconds, microseconds and nanoseconds there are in a second.
_FRACTIONS: Final = (10**3, 10**6, 10**9)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def decoded(payload: bytes) -> tuple[Basic.Properties, Mapping[str, str]]:
    """The properties in the payload of a header frame; one that cannot be decoded is absent.

    Beside them, by its name, what is wrong with each that is not as its publisher set it. Headers
    of more than 32 KiB are absent as a whole.
    """
    if len(payload) <= _LARGEST:
        header = ContentHeader()
        try:
            header.unmarshal(payload)
        except Exception:  # noqa: BLE001 (whatever the decoder raises: below, one by one)
            return _one_by_one(payload)
        found = header.properties
        if not (found.headers and _deep(found.headers)):
            return found, {}
    return _one_by_one(payload)


def _one_by_one(payload: bytes) -> tuple[Basic.Properties, Mapping[str, str]]:
    """Each property by its own size, so that a bad one does not hide those after it."""
    found = Basic.Properties()
    unreadable: dict[str, str] = {}
    flags, place = _flags(payload)
    for name in Basic.Properties.__slots__:
        if not flags & Basic.Properties.flags[name]:
            continue
        kind = Basic.Properties.amqp_type(name)
        end = place + _property_size(kind, payload[place : place + 4])
        if end > len(payload):
            unreadable[_CALLED.get(name, name)] = _CUT_SHORT
            break
        value, wrong = _value(kind, payload[place:end])
        setattr(found, name, value)
        if wrong:
            unreadable[_CALLED.get(name, name)] = wrong
        place = end
    return found, unreadable


def _flags(payload: bytes) -> tuple[int, int]:
    """Which properties there are, and where the first one stands (AMQP 0-9-1, 4.2.6.1)."""
    place = 12
    flags = int.from_bytes(payload[place : place + 2])
    while payload[place + 1 : place + 2] and payload[place + 1] & 1:
        place += 2
    return flags, place + 2


def _property_size(kind: str, begin: bytes) -> int:
    if kind == "shortstr":
        return 1 + (begin[0] if begin else 0)
    return _FIXED_PROPERTIES.get(kind) or 4 + int.from_bytes(begin)


def _value(kind: str, encoded: bytes) -> tuple[Any, str | None]:
    """The value of a property, and what is wrong with it."""
    match kind:
        case "shortstr":
            try:
                return encoded[1:].decode(), None
            except UnicodeDecodeError:
                return None, _NOT_UTF8
        case "timestamp":
            moment = _moment(encoded)
            return moment, None if moment else _NO_MOMENT
        case "table":
            return (None, _TOO_LARGE) if len(encoded) > _LARGEST else _headers(encoded)
        case _:
            return encoded[0], None


def _moment(encoded: bytes) -> datetime | None:
    """Seconds since 1970; milliseconds, microseconds or nanoseconds are known by their size.

    No number is a moment of this century in two of them.
    """
    value = int.from_bytes(encoded)
    if value <= _MOST_SECONDS:
        return datetime.fromtimestamp(value, UTC)
    for fraction in _FRACTIONS:
        if _EARLIEST <= value / fraction < _LATEST:
            return datetime.fromtimestamp(value / fraction, UTC)
    return None


def _headers(encoded: bytes) -> tuple[dict[str, Any], str | None]:
    """All headers but those that cannot be decoded."""
    found: dict[str, Any] = {}
    wrong: str | None = None
    place = 4
    while place < len(encoded):
        start = place + 1 + encoded[place]
        end = start + 1 + _value_size(encoded[start : start + 5])
        if end > len(encoded):
            return found, _NO_HEADER
        try:
            name = encoded[place + 1 : start].decode()
            found[name] = _header(encoded[start:end])
        except Exception:  # noqa: BLE001 (whatever the decoder raises, this header is absent)
            wrong = _NO_HEADER
        place = end
    return found, wrong


def _value_size(begin: bytes) -> int:
    """The bytes behind the type; beyond any table's end where the type is not known."""
    kind = begin[0] if begin else -1
    if kind in _SIZED_VALUES and len(begin) > 4:  # noqa: PLR2004 (a type, and a size of 4 bytes)
        return 4 + int.from_bytes(begin[1:])
    return _FIXED_VALUES.get(kind, _LARGEST)


def _header(encoded: bytes) -> Any:  # noqa: ANN401 (any type of AMQP)
    if encoded[0] == _MOMENT:
        value: Any = _moment(encoded[1:])
        if value is None:
            raise ValueError
        return value
    _, value = decode.embedded_value(encoded)
    if _deep(value):
        raise ValueError
    return value


def _deep(value: object) -> bool:
    """Whether headers are nested deeper than can be relied on further down."""
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        nested: list[object] = []
        for each in level:
            if isinstance(each, dict):
                nested.extend(each.values())
            elif isinstance(each, list):
                nested.extend(each)
        if not nested:
            return False
        level = nested
    return True
