"""Groups of dead letters, on a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.text import Text

from worker.cli.dead_letters.selecting import group_name
from worker.cli.phrases import ago
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from worker.postgres.dead_letter_groups import Group

# The lowest is for none at all, so that a single one can be seen.
_NONE: Final = "▁"
_SOME: Final = "▂▃▄▅▆▇█"


def name(group: Group) -> str:
    """What --group takes."""
    return group_name(group.code, group.queue, group.veld)


def document(group: Group) -> dict[str, Any]:
    """One group as `--json` has it; `trend` is the arrivals of 24 hours, the present one last."""
    return {
        "group": name(group),
        "code": group.code,
        "queue": group.queue,
        "veld": group.veld,
        "aantal": group.count,
        "eerste": group.first,
        "laatste": group.last,
        "trend": list(group.trend),
    }


def heading(group: Group) -> Text:
    """Its name, to be printed in one piece."""
    return Text(printable(name(group)), "bold")


def figures(group: Group, width: int, now: datetime) -> RenderableType:
    """How many, in `width` characters; since when; and how it went in the last 24 hours."""
    seen = ", ".join(
        f"{word} {ago(when, now)}"
        for word, when in (("first", group.first), ("last", group.last))
        if when is not None
    )
    text = Text.assemble(
        (f"{group.count:>{width}}", "bold"),
        f"  {seen}  ",
        (sparkline(group.trend), "cyan"),
        f"  {sum(group.trend)} in 24 h",
    )
    return Padding(text, (0, 0, 0, 2), expand=False)


def sparkline(numbers: Sequence[int]) -> str:
    """A character a number, as high as it is beside the highest."""
    highest = max(numbers)
    return "".join(
        _SOME[(number * len(_SOME) - 1) // highest] if number > 0 else _NONE for number in numbers
    )
