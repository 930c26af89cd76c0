"""Values of AMQP 1.0 to bytes and back (OASIS AMQP 1.0, part 1: types).

What is read comes from any sender: depth and number of values are bounded, and whatever does not
keep to the standard is a `MalformedError`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

_DEEPEST: Final = 32
# Values may have no bytes of their own, so a size does not bound their number.
_MOST: Final = 64 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MalformedError(ValueError):
    """These bytes are no value of AMQP 1.0."""


class Symbol(str):
    """A name of the protocol, in ASCII."""

    __slots__ = ()


class Described(NamedTuple):
    """A value with a descriptor that says what it means: a number or a symbol."""

    descriptor: Any
    value: Any


NULL: Final = b"\x40"
TRUE: Final = b"\x41"
FALSE: Final = b"\x42"


def ubyte(value: int) -> bytes:
    """Encode an unsigned number of one byte."""
    return b"\x50" + value.to_bytes(1)


def ushort(value: int) -> bytes:
    """Encode one of two."""
    return b"\x60" + value.to_bytes(2)


def uint(value: int) -> bytes:
    """Encode one of four."""
    return b"\x70" + value.to_bytes(4)


def string(value: str) -> bytes:
    """Encode a text."""
    content = value.encode()
    return b"\xb1" + len(content).to_bytes(4) + content


def symbol(value: str) -> bytes:
    """Encode a name of the protocol."""
    content = value.encode("ascii")
    return b"\xb3" + len(content).to_bytes(4) + content


def binary(value: bytes) -> bytes:
    """Encode bytes."""
    return b"\xb0" + len(value).to_bytes(4) + value


def symbols(*values: str) -> bytes:
    """Encode an array of names."""
    items = b"".join(symbol(each)[1:] for each in values)
    return b"\xf0" + (len(items) + 5).to_bytes(4) + len(values).to_bytes(4) + b"\xb3" + items


def described(descriptor: int, *fields: bytes) -> bytes:
    """Encode a list of encoded fields with its descriptor, as all performatives are."""
    items = b"".join(fields)
    size = (len(items) + 4).to_bytes(4)
    return b"\x00\x53" + descriptor.to_bytes(1) + b"\xd0" + size + len(fields).to_bytes(4) + items


class Reader:
    """Reads values one after the other from `data`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values = 0
        self.place = 0

    @property
    def left(self) -> int:
        """How many bytes were not read yet."""
        return len(self._data) - self.place

    def value(self, depth: int = 0) -> Any:  # noqa: ANN401 (any type of the protocol)
        """Read the next value; raises MalformedError."""
        if depth > _DEEPEST:
            msg = "nested too deep"
            raise MalformedError(msg)
        self._count(1)
        try:
            constructor = self._take(1)[0]
            if constructor == 0:
                return Described(self.value(depth + 1), self.value(depth + 1))
            return self._of(constructor, depth)
        except ValueError as error:
            raise MalformedError(str(error)) from None

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > _MOST:
            msg = "too many values"
            raise MalformedError(msg)

    def _take(self, size: int) -> bytes:
        if size > self.left:
            msg = "cut short"
            raise MalformedError(msg)
        start, self.place = self.place, self.place + size
        return self._data[start : self.place]

    def _of(self, constructor: int, depth: int) -> Any:  # noqa: ANN401 (as `value`)
        """Read a value whose constructor was read."""
        if constructor in _FIXED:
            size, decode = _FIXED[constructor]
            return decode(self._take(size))
        width = 1 if constructor & 0x10 == 0 else 4
        kind = constructor & 0xEF
        if kind in _VARIABLE:
            return _VARIABLE[kind](self._take(self._number(width)))
        match kind:
            case 0xC0:
                return self._items(width, depth)
            case 0xC1:
                items = self._items(width, depth)
                return Pairs(zip(items[::2], items[1::2], strict=True))
            case 0xE0:
                return self._array(width, depth)
        msg = f"no type {constructor:#04x}"
        raise MalformedError(msg)

    def _number(self, width: int) -> int:
        return int.from_bytes(self._take(width))

    def _bounds(self, width: int) -> tuple[int, int]:
        """Where a compound ends, and how many values it has."""
        size = self._number(width)
        if size > self.left:
            msg = "cut short"
            raise MalformedError(msg)
        end = self.place + size
        return end, self._number(width)

    def _items(self, width: int, depth: int) -> list[Any]:
        end, count = self._bounds(width)
        items = [self.value(depth + 1) for _ in range(count)]
        self.place = end
        return items

    def _array(self, width: int, depth: int) -> list[Any]:
        end, count = self._bounds(width)
        self._count(count)
        descriptor, constructor = None, self._take(1)[0]
        if constructor == 0:
            descriptor, constructor = self.value(depth + 1), self._take(1)[0]
        if depth >= _DEEPEST:
            msg = "nested too deep"
            raise MalformedError(msg)
        items = [self._of(constructor, depth + 1) for _ in range(count)]
        self.place = end
        return items if descriptor is None else [Described(descriptor, each) for each in items]


class Pairs(list[tuple[Any, Any]]):
    """A map, its pairs in order: keys may be of any type, and stand twice."""

    def named(self) -> dict[str, Any]:
        """What has a text as its key."""
        return {str(key): value for key, value in self if isinstance(key, str)}


def _unsigned(data: bytes) -> int:
    return int.from_bytes(data)


def _signed(data: bytes) -> int:
    return int.from_bytes(data, signed=True)


def _moment(data: bytes) -> datetime | int:
    """A moment; where no calendar has it, its number of milliseconds."""
    milliseconds = _signed(data)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return milliseconds


def _name(data: bytes) -> Symbol:
    return Symbol(data.decode("ascii", errors="replace"))


def _float(layout: str) -> Callable[[bytes], float]:
    struct = Struct(layout)
    return lambda data: float(struct.unpack(data)[0])


# By constructor: size in bytes, and how they are read.
_FIXED: Final[dict[int, tuple[int, Callable[[bytes], Any]]]] = {
    0x40: (0, lambda _: None),
    0x41: (0, lambda _: True),
    0x42: (0, lambda _: False),
    0x43: (0, _unsigned),
    0x44: (0, _unsigned),
    0x45: (0, lambda _: []),
    0x50: (1, _unsigned),
    0x51: (1, _signed),
    0x52: (1, _unsigned),
    0x53: (1, _unsigned),
    0x54: (1, _signed),
    0x55: (1, _signed),
    0x56: (1, lambda data: data != b"\x00"),
    0x60: (2, _unsigned),
    0x61: (2, _signed),
    0x70: (4, _unsigned),
    0x71: (4, _signed),
    0x72: (4, _float(">f")),
    0x73: (4, lambda data: data.decode("utf-32-be", errors="replace")),
    # Python has no decimal of this form: their bytes are kept.
    0x74: (4, bytes),
    0x80: (8, _unsigned),
    0x81: (8, _signed),
    0x82: (8, _float(">d")),
    0x83: (8, _moment),
    0x84: (8, bytes),
    0x94: (16, bytes),
    0x98: (16, lambda data: UUID(bytes=data)),
}
# Those whose size stands before them, in one byte or four.
_VARIABLE: Final[dict[int, Callable[[bytes], Any]]] = {
    0xA0: bytes,
    0xA1: lambda data: data.decode(errors="replace"),
    0xA3: _name,
}
