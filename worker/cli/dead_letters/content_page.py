"""The content of a dead letter on a terminal, with what is wrong beside its fields."""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.text import Text

from worker.cli.dead_letters.marking import lines
from worker.cli.page_parts import whole
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from worker.cli.dead_letters.letter import Letter

_MOST_LINES: Final = 1000
_MOST_TEXT_LINES: Final = 200
_LONGEST_LINE: Final = 2000


def content_lines(letter: Letter) -> Iterator[RenderableType]:
    """As the contract's JSON, or why not."""
    if letter.tree is None:
        yield from _unread(letter)
        return
    if letter.version != letter.judged:
        told = f"The problem above is about version {letter.judged}, not about this one."
        yield Text(told, style="yellow")
    found = lines(letter.tree, letter.faults)
    for line in islice(found, _MOST_LINES):
        text = Text(printable(line.text), overflow="fold")
        for fault in line.faults:
            text.append(f"  <-- {printable(fault)}", style="bold red")
        yield Padding(text, (0, 0, 0, 2 * line.depth), expand=False)
    if rest := sum(1 for _ in found):
        yield Text(f"… and {rest} more lines; --json prints them", style="dim")


def version(letter: Letter) -> str:
    """Which one it is, and its size."""
    size = f"{len(letter.body)} bytes"
    if letter.version == letter.found.version == 0:
        return size
    what = "as it came" if letter.version == 0 else f"version {letter.version}"
    force = "in force" if letter.version == letter.found.version else "not in force"
    return f"{what}, {force}, {size}"


def _unread(letter: Letter) -> Iterator[RenderableType]:
    yield whole(f"SHA-256 {sha256(letter.body).hexdigest()}")
    if not letter.body:
        return
    if not letter.reveal:
        yield Text("It is not in the contract's form; --reveal shows it if it is a text.")
    elif letter.text is None:
        yield Text("It is no text in UTF-8; `dead-letters export` writes it to a file.")
    else:
        yield from _text(letter.text)


def _text(text: str) -> Iterator[RenderableType]:
    found = text.splitlines()
    for line in found[:_MOST_TEXT_LINES]:
        cut = f"{line[:_LONGEST_LINE]}…" if len(line) > _LONGEST_LINE else line
        yield Text(printable(cut.expandtabs(4)), overflow="fold")
    if (rest := len(found) - _MOST_TEXT_LINES) > 0:
        told = f"… and {rest} more lines; `dead-letters export` writes them to a file"
        yield Text(told, style="dim")
