"""docs/operations.md: every command in it exists, and every setting, file and anchor."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from worker.cli import app
from worker.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
_CODE = re.findall(r"```\w*\n(.*?)```|`([^`]+)`", PAGE, re.DOTALL)
_LINES = [line for block, inline in _CODE for line in (block.splitlines() or [inline])]
COMMANDS = sorted({line for line in _LINES if line.startswith("klantcontact ")})
_FILES = ("deploy/postgres", "deploy/rabbitmq", "deploy/systemd")


def _options(line: str) -> tuple[set[str], set[str]]:
    """The options that a line uses, and those that the command it names has."""
    _, *words = shlex.split(line.partition(" > ")[0], comments=True)
    found = typer.main.get_command(app)
    while isinstance(found, TyperGroup):
        name, *words = words
        assert name in found.commands, f"{name}: no such command"
        found = found.commands[name]
    known = {name for parameter in found.params for name in parameter.opts}
    return {word for word in words if word.startswith("--")}, known


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_exists_with_its_options(line: str) -> None:
    used, known = _options(" ".join(line.split()))
    assert used <= known


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 10


def test_every_name_of_a_setting_is_one() -> None:
    settings = {f"KLANTCONTACT_{name.upper()}" for name in Settings.model_fields}
    known = settings | {f"{name}_FILE" for name in settings}
    assert set(re.findall(r"KLANTCONTACT_[A-Z][A-Z_]*[A-Z]", PAGE)) <= known


def test_every_file_of_these_folders_that_it_names_is_there() -> None:
    named = {name for name in re.findall(r"deploy/[\w/.@-]*\w", PAGE) if name.startswith(_FILES)}
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_code_of_a_dead_letter_is_one() -> None:
    known = (ROOT / "docs/dead-letters.md").read_text(encoding="utf-8")
    named = set(re.findall(r"--code ([\w-]+)", PAGE))
    assert named
    assert [code for code in named if f"| `{code}` |" not in known] == []
