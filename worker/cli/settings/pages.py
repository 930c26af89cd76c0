"""The settings explained: on a terminal, and as the tables of the documentation."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from worker.cli.settings.describing import Described

_INTRODUCTION: Final = """\
# Settings

Printed by `klantcontact settings --markdown > docs/settings.md`; a test holds the two equal.
`klantcontact settings` shows what is in force, `--explain` the same with what stands here.

A setting is an environment variable, a line of `.env` in the current folder, or a file: with
`_FILE` behind its name, a variable names the file that holds it, as secrets are mounted. The
environment comes before a file, and a file before `.env`.

A duration is ISO 8601 (`PT15M`, `P7D`) or a number of seconds. A setting without a
default is not set until you do so."""
_HEAD: Final = "| setting | default | unit or values | meaning |\n|---|---|---|---|"


def explained(
    settings: Sequence[Described], shown: Mapping[str, str | None], width: int
) -> Iterator[str]:
    """A paragraph each, below the heading of its group: what is in force (`shown`) comes first."""
    for group, members in groupby(settings, key=lambda each: each.group):
        yield f"{group.upper()}\n"
        for each in members:
            value = shown[each.name]
            yield f"{each.name}={value}" if value is not None else f"{each.name} (not set)"
            for text in (each.meaning, _facts(each)):
                yield textwrap.indent(
                    textwrap.fill(text, width - 4, break_long_words=False), "    "
                )
            yield ""


def _facts(each: Described) -> str:
    default = f"Default: {each.default}{each.size}" if each.default is not None else "No default"
    return f"{default}; {each.kind}" if each.kind else default


def page(settings: Sequence[Described]) -> Iterator[str]:
    """The whole page, with a table for each group."""
    yield _INTRODUCTION
    for group, members in groupby(settings, key=lambda each: each.group):
        yield f"\n## {group}\n"
        yield from table(members)


def table(settings: Iterator[Described] | Sequence[Described]) -> Iterator[str]:
    """One table, in Markdown."""
    yield _HEAD
    for each in settings:
        default = f"`{each.default}`" if each.default is not None else ""
        cells = (f"`{each.name}`", default + each.size, each.kind, each.meaning)
        yield f"| {' | '.join(cells)} |"
