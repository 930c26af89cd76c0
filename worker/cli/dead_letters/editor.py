"""A text in the person's own editor; what they wrote is not lost when it cannot be stored."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN: Final = 0o600
_USUAL: Final = ("sensible-editor", "editor", "nano", "vi")
_INSTEAD: Final = "set EDITOR to one that is, or use --set, --unset or --file"


@contextmanager
def opened(text: str) -> Iterator[str]:
    """What the person makes of `text`, until the end of the block.

    If the block does not come to its end, their text stays in a file that only they can read,
    and its path is told. Raises UsageError if there is no editor, or it fails.
    """
    words = command()
    path = _written(text)
    stored = False
    try:
        _run(words, path)
        yield _read(path)
        stored = True
    finally:
        if stored or not _changed(path, text):
            path.unlink(missing_ok=True)
        else:
            told = f"Your text is kept in {path}; there is personal data in it: delete it."
            typer.echo(told, err=True)


def command() -> list[str]:
    """The person's editor and its arguments; raises UsageError if there is none."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not named and sys.stdin.isatty():
        named = next(filter(shutil.which, _USUAL), None)
    if not named:
        raise UsageError(f"no editor is named; {_INSTEAD}")
    try:
        words = shlex.split(named)
    except ValueError:
        words = []
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"the editor {named} is not there; {_INSTEAD}")
    return words


def _written(text: str) -> Path:
    """A new file that only this person can read."""
    number, name = tempfile.mkstemp(prefix="dead-letter-", suffix=".json")
    with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return Path(name)


def _run(words: list[str], path: Path) -> None:
    try:
        ended = subprocess.run([*words, str(path)], check=False)  # noqa: S603 (the person's own editor)
    except OSError as error:
        raise UsageError(f"the editor {words[0]} cannot be run: {error.strerror}") from None
    if ended.returncode:
        raise UsageError(f"the editor ended with exit status {ended.returncode}; nothing stored")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise UsageError(f"the editor's file is gone: {error.strerror}; nothing stored") from None
    except UnicodeDecodeError:
        raise UsageError("the editor left what is no text in UTF-8; nothing stored") from None


def _changed(path: Path, text: str) -> bool:
    """Whether there is work of theirs in it; an editor may have made the file anew."""
    try:
        path.chmod(_OWN)
        return path.read_bytes() != text.encode()
    except OSError:
        return False
