"""What a page about one thing is made of on a terminal: headings, and values beside labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

_LABEL: Final = 14


def field(label: str, value: str, width: int) -> Iterator[Text]:
    """Beside its label if it fits there, below it if not: a value is in one piece."""
    if not value:
        return
    value = printable(value)
    if _LABEL + len(value) <= width and len(label) < _LABEL:
        yield whole(Text.assemble((label.ljust(_LABEL), "dim"), value))
    else:
        yield Text(label, style="dim", overflow="fold")
        yield whole(value if len(value) >= width - 1 else f"  {value}")


def heading(text: str) -> Iterator[RenderableType]:
    """Apart from what stands above it."""
    yield ""
    yield Text(text, style="bold")


def indented(text: Text) -> RenderableType:
    """As a part of what stands above it."""
    return Padding(text, (0, 0, 0, 2), expand=False)


def whole(text: str | Text, style: str = "") -> Text:
    """A line that is never broken, so that it can be copied."""
    line = Text(text, style=style) if isinstance(text, str) else text
    line.no_wrap = True
    return line


def table(*columns: str, numbers: int = 0, head: bool = True) -> Table:
    """An empty one without lines; `numbers` of its columns after the first are numbers."""
    made = Table(box=None, show_header=head, header_style="dim", pad_edge=False)
    for place, column in enumerate(columns):
        right = 1 <= place <= numbers
        made.add_column(column, justify="right" if right else "left", overflow="fold")
    return made
