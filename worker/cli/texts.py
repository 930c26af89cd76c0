"""What people write on dead letters, and what they ask for, held against what can be kept."""

from __future__ import annotations

import unicodedata
from typing import Final, NoReturn

import typer

from worker.cli import calling

MOST: Final = 2000
_UNSPEAKABLE: Final = frozenset({"Cc", "Cs"})


def wrong_usage(why: str) -> NoReturn:
    """One line, and exit status 2."""
    typer.echo(f"Error: {why}", err=True)
    raise typer.Exit(2)


def reason(text: str | None) -> str | None:
    """What --reason says, if anything."""
    return None if text is None else prose("--reason", text)


def prose(name: str, text: str) -> str:
    """`text` without the white space around it; 1 to 2000 characters, in lines or not."""
    found = text.strip()
    if not 1 <= len(found) <= MOST:
        wrong_usage(f"{name} takes 1 to {MOST} characters")
    if _unspeakable(found.replace("\n", "")):
        wrong_usage(f"{name} takes no control characters but new lines")
    return found


def check_line(name: str, text: str | None) -> None:
    """Refuse what no name and no number holds: control characters, and what is no UTF-8."""
    if text is not None and (not text or len(text) > MOST or _unspeakable(text)):
        wrong_usage(f"{name} takes one line of text")


def _unspeakable(text: str) -> bool:
    return any(unicodedata.category(each) in _UNSPEAKABLE for each in text)


def actor(name: str | None) -> str:
    """Who acts: as named, or the user of this system."""
    check_line("--as", name)
    return calling.acting(name)
