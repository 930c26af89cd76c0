"""docs/logs.md and the code name the same events, levels and fields."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).parents[2]
_LEVELS = {"debug", "info", "warning", "error"}
_NAME = re.compile(r"`([a-z_]+)`")


class _Call(NamedTuple):
    event: str
    level: str
    fields: set[str]
    more: bool
    """Whether it passes on fields that were gathered elsewhere."""


@cache
def _nodes() -> list[ast.AST]:
    modules = (_HERE / "worker").rglob("*.py")
    return [node for path in modules for node in ast.walk(ast.parse(path.read_text()))]


def _calls() -> Iterator[_Call]:
    """Each call of a logger in the program."""
    for node in _nodes():
        match node:
            case ast.Call(
                func=ast.Attribute() as method,
                args=[ast.Constant(value=str(event))],
                keywords=keywords,
            ) if _of_a_logger(method):
                names = {each.arg for each in keywords}
                fields = {name for name in names if name}
                yield _Call(event, method.attr, fields, None in names)


def _of_a_logger(node: ast.Attribute) -> bool:
    match node.value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in {"log", "_log"} and node.attr in _LEVELS
    return False


def _named_anywhere() -> set[str]:
    """Keywords of calls, and keys of dictionaries: what a gathered field can be."""
    found = set()
    for node in _nodes():
        match node:
            case ast.keyword(arg=str(name)):
                found.add(name)
            case ast.Dict(keys=keys):
                found |= {str(each.value) for each in keys if isinstance(each, ast.Constant)}
    return found


def _rows() -> dict[str, tuple[set[str], set[str]]]:
    """Levels and fields that the page gives, by event."""
    rows = {}
    for line in (_HERE / "docs" / "logs.md").read_text().splitlines():
        if line.startswith("| `"):
            event, level, fields = [cell.strip() for cell in line.split("|")[1:4]]
            rows[event.strip("`")] = (set(level.split(", ")), set(_NAME.findall(fields)))
    return rows


def test_each_event_is_on_the_page_with_its_levels_and_no_other_is() -> None:
    levels = defaultdict(set)
    for call in _calls():
        levels[call.event].add(call.level)
    assert levels == {event: found for event, (found, _) in _rows().items()}


def test_each_field_is_on_the_page() -> None:
    rows = _rows()
    missing = {call.event: call.fields - rows[call.event][1] for call in _calls()}
    assert {event: fields for event, fields in missing.items() if fields} == {}


def test_each_field_of_the_page_is_logged() -> None:
    logged: dict[str, set[str]] = defaultdict(set)
    gathered = _named_anywhere()
    for call in _calls():
        logged[call.event] |= call.fields | (gathered if call.more else set())
    idle = {event: fields - logged[event] for event, (_, fields) in _rows().items()}
    assert {event: fields for event, fields in idle.items() if fields} == {}


def test_a_logger_is_called_by_no_other_name() -> None:
    """Or this test would look past it."""
    modules = [path for path in (_HERE / "worker").rglob("*.py") if path.name != "logs.py"]
    named = {name for path in modules for name in re.findall(r"(\w+): Log\b", path.read_text())}
    assert named <= {"log", "_log"}


def test_a_logger_is_called_where_it_stands() -> None:
    """Kept under another name and called later, it would be looked past, too."""
    nodes = _nodes()
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    kept = [
        ast.unparse(node)
        for node in nodes
        if isinstance(node, ast.Attribute) and _of_a_logger(node) and id(node) not in called
    ]
    assert kept == []
