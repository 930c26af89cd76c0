"""Where two contents differ: the contract's own names, and never a value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.cli.dead_letters.shape import Shape

MADE_UP: Final = "?"


def differing(before: Any, after: Any, shape: Shape) -> list[str]:  # noqa: ANN401 (any JSON)
    """The paths that differ, in the contract's order; a name that is not in it is `?`."""
    if same(before, after):
        return []
    found = _within(_fields(before), _fields(after), shape, "")
    return list(dict.fromkeys(found))


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 (any JSON)
    """Whether two values are the same JSON: 1, 1.0 and true are three."""
    return _canonical(one) == _canonical(other)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _fields(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _within(
    before: dict[str, Any], after: dict[str, Any], shape: Shape, above: str
) -> Iterator[str]:
    for name in shape.names:
        old, new = before.get(name, ...), after.get(name, ...)
        if old is ... and new is ...:
            continue
        if old is ... or new is ... or not same(old, new):
            yield from _field(old, new, shape, name, f"{above}{name}")
    known = set(shape.names)
    made_up = (before.keys() | after.keys()) - known
    if any(
        name not in before or name not in after or not same(before[name], after[name])
        for name in made_up
    ):
        yield MADE_UP


def _field(old: Any, new: Any, shape: Shape, name: str, path: str) -> Iterator[str]:  # noqa: ANN401 (any JSON)
    if name in shape.one and isinstance(old, dict) and isinstance(new, dict):
        yield from _within(old, new, shape.one[name], f"{path}.")
    elif (
        name in shape.many
        and isinstance(old, list)
        and isinstance(new, list)
        and len(old) == len(new)
    ):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            if same(one, other):
                continue
            if isinstance(one, dict) and isinstance(other, dict):
                yield from _within(one, other, shape.many[name], f"{path}.{place}.")
            else:
                yield f"{path}.{place}"
    else:
        yield path
