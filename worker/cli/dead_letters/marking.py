"""A content line by line, with what is wrong beside the field that it is about."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from worker.cli.dead_letters.masking import Node
from worker.cli.hiding import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from worker.cli.dead_letters.shape import Shape

_MISSING: Final = "(missing)"


class Fault(NamedTuple):
    """What is wrong with one field: its path within the content, and in words."""

    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a content; `depth` is how far it stands in."""

    depth: int
    text: str
    faults: tuple[str, ...] = ()


def lines(root: Node, faults: Sequence[Fault]) -> Iterator[Line]:
    """Every line, in JSON's own form; a field that is missing stands where it should be."""
    by_path = dict(_paths(root))
    marks: dict[str, list[str]] = defaultdict(list)
    absent: dict[str, set[str]] = defaultdict(set)
    for path, words in faults:
        place = _place(path, by_path)
        if place != path:
            name = path.removeprefix(place).strip(".").partition(".")[0]
            parent = by_path[place]
            if parent.shape and name in parent.shape.names:
                absent[place].add(name)
                place = f"{place}.{name}" if place else name
        marks[place].append(words)
    yield from _node(_completed(root, absent), marks, 0, last=True)


def _paths(node: Node) -> Iterator[tuple[str, Node]]:
    yield node.path, node
    for each in node.children:
        yield from _paths(each)


def _place(path: str, by_path: Mapping[str, Node]) -> str:
    """The nearest place to `path` that there is."""
    while path and path not in by_path:
        path = path.rpartition(".")[0]
    return path


def _completed(node: Node, absent: Mapping[str, set[str]]) -> Node:
    """The same tree with what is missing in its place."""
    children = [_completed(each, absent) for each in node.children]
    for name in sorted(absent.get(node.path, ())):
        path = f"{node.path}.{name}" if node.path else name
        missing = Node(path, name, ..., more=0)
        children.insert(_position(children, name, node.shape), missing)
    return replace(node, children=tuple(children))


def _position(children: Sequence[Node], name: str, shape: Shape | None) -> int:
    """Before the first of those that come after it in the contract."""
    order = {each: place for place, each in enumerate(shape.names if shape else ())}
    for place, child in enumerate(children):
        if order.get(child.name or "", -1) > order[name]:
            return place
    return len(children)


def _node(node: Node, marks: Mapping[str, list[str]], depth: int, *, last: bool) -> Iterator[Line]:
    name = "" if node.name is None else f"{_json(node.name)}: "
    faults = tuple(marks.get(node.path, ())) if node.path else ()
    comma = "" if last else ","
    if not (node.children or node.more):
        yield Line(depth, f"{name}{_value(node.value)}{comma}", faults)
        return
    opening, closing = "{}" if isinstance(node.value, dict) else "[]"
    yield Line(depth, f"{name}{opening}", faults)
    final = len(node.children) - 1
    for place, each in enumerate(node.children):
        yield from _node(each, marks, depth + 1, last=place == final and not node.more)
    if node.more:
        yield Line(depth + 1, f"{MASK} (and {node.more} more)")
    yield Line(depth, f"{closing}{comma}")


def _value(value: object) -> str:
    return _MISSING if value is ... else _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
