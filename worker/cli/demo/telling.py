"""The demo's story on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.cli import timeline
from worker.cli.demo.messages import Sample
from worker.postgres.results import SentMail


def heading(console: Console, text: str) -> None:
    """A line that starts a part of the story."""
    console.print()
    console.print(Text(text, style="bold"))


def registered(console: Console, samples: Iterable[Sample]) -> None:
    """What is in the dossiers now."""
    table = _table("message", "kanaal", "type", "zaak", "what it is")
    for each in samples:
        message = each.message or {}
        table.add_row(each.id, each.as_, message.get("type"), message.get("zaak"), each.about)
    console.print(table)


def repeated(console: Console, samples: Iterable[Sample]) -> None:
    """What had been registered before."""
    table = _table("message", "what it is")
    for each in samples:
        table.add_row(each.id, each.about)
    console.print(table)


def refused(console: Console, samples: Iterable[Sample]) -> None:
    """What became a dead letter, and why."""
    table = _table("message", "code", "why")
    for each in samples:
        table.add_row(each.id, Text(each.expected, style="yellow"), each.about)
    console.print(table)


def mails(console: Console, sent: Sequence[SentMail]) -> None:
    """Who was told, about what; never what was said."""
    table = _table("to", "zaak", "about", "taal", "toestand")
    for each in sent:
        table.add_row(each.adres, each.zaak, ", ".join(each.types), each.taal, each.toestand)
    console.print(table)


def dossier(console: Console, found: dict[str, Any]) -> None:
    """Every contact of one zaak, from every channel."""
    console.print(Padding(timeline.dossier(found), (0, 0, 0, 2)))


def surprises(console: Console, lines: Iterable[str]) -> None:
    """What did not end as expected."""
    for line in lines:
        console.print(Text(f"  {line}", style="red"))


def further(console: Console, mail_dir: Path, log: Path) -> None:
    """Where to look from here."""
    for what, where in (
        ("The mails as they went out", f"{_short(mail_dir)}/*.eml"),
        ("The worker's log, a line a message", str(_short(log))),
        ("The messages that were sent", "worker/cli/demo/berichten.jsonl"),
        ("Each step by hand", 'README.md, "Try it by hand"'),
    ):
        console.print(Text(f"  {what:<36}{where}"), soft_wrap=True)


def _short(path: Path) -> Path:
    """From here, where that is shorter."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    *fixed, last = columns
    for column in fixed:
        table.add_column(column, no_wrap=True)
    table.add_column(last, overflow="fold")
    return table
