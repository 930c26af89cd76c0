"""docs/logs.md and the code name the same events, levels and fields."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).parents[2]
_LEVELS = {"debug", "info", "warning", "error"}
_NAME = re.compile(r"`([a-z_]+)`")


def _calls() -> Iterator[tuple[str, str, set[str]]]:
    """Event, level and fields of each call of a logger in the program."""
    for path in (_HERE / "worker").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id=logger) | ast.Attribute(attr=logger), attr=level
                    ),
                    args=[ast.Constant(value=str(event))],
                    keywords=keywords,
                ) if level in _LEVELS and logger in {"log", "_log"}:
                    yield event, level, {each.arg for each in keywords if each.arg}


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
    for event, level, _ in _calls():
        levels[event].add(level)
    assert levels == {event: found for event, (found, _) in _rows().items()}


def test_each_field_is_on_the_page() -> None:
    rows = _rows()
    missing = {event: fields - rows[event][1] for event, _, fields in _calls()}
    assert {event: fields for event, fields in missing.items() if fields} == {}


def test_a_logger_is_called_by_no_other_name() -> None:
    """Or this test would look past it."""
    modules = [path for path in (_HERE / "worker").rglob("*.py") if path.name != "logs.py"]
    named = {name for path in modules for name in re.findall(r"(\w+): Log\b", path.read_text())}
    assert named <= {"log", "_log"}
