"""No test waits by time: limits are `tests.waiting`'s, or have a name that says what they are."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_TESTS = Path(__file__).parents[1]
_FOLDERS = ("unit", "integration", "acceptance")
_FILES = sorted(
    [*_TESTS.glob("*.py"), *(path for name in _FOLDERS for path in (_TESTS / name).rglob("*.py"))]
)
# The call, and where the limit stands when it has no name.
_WAITS = {"timeout": 0, "sleep": 0, "wait_for": 1}


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value > 0


def _limits(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in _WAITS:
        yield from call.args[_WAITS[name] :][:1]
    yield from (each.value for each in call.keywords if each.arg in {"timeout", "within"})


def by_time(source: str) -> list[int]:
    """The lines that wait for a bare number of seconds; none at all is no wait."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if any(map(_is_number, _limits(call)))]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(_TESTS)))
def test_no_test_waits_for_a_number_of_seconds(path: Path) -> None:
    assert by_time(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("asyncio.timeout(5)", [1]),
        ("x\nawait asyncio.sleep(0.1)", [2]),
        ("asyncio.wait_for(run(), 3)", [1]),
        ("asyncio.wait([task], timeout=2)", [1]),
        ("until(look, 'it', within=2)", [1]),
        ("asyncio.sleep(0)", []),
        ("asyncio.timeout(DEADLINE)", []),
        ("asyncio.wait_for(run(), 2 * DEADLINE)", []),
    ],
)
def test_a_wait_for_a_number_of_seconds_is_found(source: str, lines: list[int]) -> None:
    assert by_time(source) == lines
