"""docs/traces.md and the code name the same attributes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

_HERE = Path(__file__).parents[2]


def _ended() -> set[str]:
    """What spans are ended with, anywhere in the program."""
    return {
        keyword.arg
        for path in (_HERE / "worker").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) == "spans.end"
        for keyword in node.keywords
        if keyword.arg
    }


def _begun() -> set[str]:
    text = (_HERE / "worker" / "spans.py").read_text()
    return set(re.findall(r'"klantcontact\.(\w+)"', text))


def test_each_attribute_is_on_the_page_and_no_other_is() -> None:
    page = (_HERE / "docs" / "traces.md").read_text()
    rows = [line.split("|")[4] for line in page.splitlines() if line.startswith("| `")]
    named = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}
    assert named == (_ended() - {"error"}) | _begun()
