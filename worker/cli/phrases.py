"""What the lists of dead letters say, fit for any terminal."""

from __future__ import annotations

import math
import shlex
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UNITS: Final = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
)
_INDENT: Final = "  "
_GOES_ON: Final = " \\"


def readable(text: str) -> str:
    """The same of a text that somebody wrote: its lines stay, and whatever parts its words."""
    lines = text.splitlines()
    return "\n".join(
        printable("".join(" " if each.isspace() else each for each in line)) for line in lines
    )


def ago(when: datetime, now: datetime) -> str:
    """How long since: `3 h ago`."""
    age = _length(now - when)
    return f"{age} ago" if age else "just now"


def ahead(when: datetime, now: datetime) -> str:
    """How long until: `in 3 h`; what is due within a minute is counted down, for it is awaited."""
    wait = when - now
    if wait <= timedelta(0):
        return "now"
    return f"in {_length(wait) or f'{math.ceil(wait.total_seconds())} s'}"


def lasted(since: datetime, now: datetime) -> str:
    """How long it lasts by now: `3 h`."""
    return _length(now - since) or f"{int(max(timedelta(), now - since).total_seconds())} s"


def _length(time: timedelta) -> str | None:
    """In the largest unit that fits; None below a minute."""
    for unit, name in _UNITS:
        if time >= unit:
            return f"{time // unit} {name}"
    return None


def command(words: Sequence[str], width: int) -> str:
    """A command to be copied: where it is too long, in lines that a shell takes as one."""
    return "\n".join(_lines([shlex.quote(each) for each in words], width))


def _lines(words: Sequence[str], width: int) -> Iterator[str]:
    line = _INDENT + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) + len(_GOES_ON) > width:
            yield line + _GOES_ON
            line = _INDENT + word
        else:
            line += f" {word}"
    yield line
