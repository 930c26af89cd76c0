"""Facts of the register on a terminal: a block each, in which no word is broken."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.text import Text

from worker.cli import calling
from worker.cli.page_parts import whole
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_APART: Final = "  "
# What somebody looks for: what it is called by, and what it is.
_HEAD: Final = ("onderwerp", "identificatie", "omschrijving")


def block(fact: Mapping[str, object], width: int) -> Iterator[Text]:
    """What it is called by, so that it can be copied; below it, each value with its name."""
    head = Text(_APART.join(_shown(fact, _HEAD[:2])), style="bold")
    for word in _shown(fact, _HEAD[2:]):
        head.append(_APART + word, "not bold")
    yield whole(head)
    line = Text()
    for name in fact:
        if name in _HEAD or not (value := _cell(fact[name])):
            continue
        pair = Text.assemble((f"{_APART}{name} ", "dim"), value)
        if line and len(line) + len(pair) > width:
            yield whole(line)
            line = Text()
        line.append_text(pair)
    if line:
        yield whole(line)


def _shown(fact: Mapping[str, object], names: tuple[str, ...]) -> Iterator[str]:
    return (_cell(fact[name]) for name in names if fact.get(name))


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "aan" if value else "uit"
        case datetime():
            return calling.moment(value)
        case list():
            return ", ".join(_cell(each) for each in value)
        case _:
            return printable(str(value))
