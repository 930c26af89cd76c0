"""Inputs for a target: its seeds, changed here and there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from tests.fuzz.pieces import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fuzz.target import Target

# What JSON can hold in place of what was meant.
_ODD: Final[Sequence[object]] = (
    *(None, True, False, 0, -1, 2**63, 2**64, 10**400, 1.5, float("inf")),
    *("", "\x00", "\\u0000", "\ud800", "a\nb", "x" * 300, "9999-12-31T23:59:59Z", "2026-02-30"),
    *("moment:253402300799", "bytes:x", "decimal:1", "float:nan"),
    *([], {}, [[]], ["HS256"], [None] * 101, {"": {}}),
)


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """A seed with a few changes: something put in, put in place of, taken out or repeated."""
    put = st.binary(max_size=6)
    if target.words:
        put |= st.sampled_from(target.words)
    number = st.integers(0, 2**16)
    edits = st.lists(st.tuples(number, st.integers(0, 40), put), max_size=4)
    seeds = st.sampled_from(target.seeds)
    other = st.builds(reshaped, seeds, st.tuples(number, number, number))
    return st.builds(_edited, seeds | other, edits) | other | st.binary(max_size=50)


def _edited(seed: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, size, put in edits:
        start = place % (len(seed) + 1)
        # Without anything to put in, what stands there comes twice.
        middle = put or 2 * seed[start : start + size]
        seed = seed[:start] + middle + seed[start + size :]
    return seed


def reshaped(data: bytes, chosen: tuple[int, int, int]) -> bytes:
    """One value of one piece that is JSON in another shape; as it is where none is JSON."""
    pieces = data.split(SEPARATOR)
    which, where, what = chosen
    at, content = next(
        ((at, each) for at in _from(which, len(pieces)) if (each := _json(pieces[at]))), (0, None)
    )
    places = list(_places(content))
    if not places:
        return data
    holder, key = places[where % len(places)]
    holder[key] = _ODD[what % len(_ODD)]
    pieces[at] = _compact(content)
    return SEPARATOR.join(pieces)


def _compact(content: object) -> bytes:
    """No longer than the seed was: libFuzzer gives no room beyond its longest input at first."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return written.replace("Infinity", "1e999").encode("utf-8", "surrogatepass")


def _from(start: int, count: int) -> Iterator[int]:
    return ((start + step) % count for step in range(count))


def _json(piece: bytes) -> Any:  # noqa: ANN401 (any JSON)
    try:
        return json.loads(piece)
    except (ValueError, RecursionError):
        return None


def _places(content: object) -> Iterator[tuple[Any, Any]]:
    """Each place in it where a value stands: what holds it, and the key or the number."""
    inner: list[tuple[Any, object]] = []
    if isinstance(content, dict):
        inner = list(content.items())
    elif isinstance(content, list):
        inner = list(enumerate(content))
    for key, value in inner:
        yield content, key
        yield from _places(value)
