"""What comes out: a table on the terminal and a JSON document."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tests.bench.rows import RATIOS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from tests.bench.rows import Row


@dataclass
class Report:
    """The figures of one run; `rows` in the order of the table."""

    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    rows: Sequence[Row]
    per_second: dict[str, list[float]] = field(default_factory=dict)
    paired: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Ratios that a row took by turns, one a round."""
    commands: Mapping[str, float] = field(default_factory=dict)
    """Seconds that whole commands took."""

    def add(self, row: Row, per_second: float) -> None:
        """One more round of a row."""
        self.per_second.setdefault(row.name, []).append(per_second)

    def ratios(self) -> dict[str, float]:
        """Of medians, where both rows were measured; and the medians of paired ones."""
        medians = {name: median(figures) for name, figures in self.per_second.items()}
        of_rows = {
            name: round(medians[ours] / medians[theirs], 3)
            for name, (ours, theirs) in RATIOS.items()
            if ours in medians and theirs in medians
        }
        return of_rows | {name: round(median(each), 3) for name, each in self.paired.items()}

    def write(self, file: Path) -> None:
        """The form that the issue fixes."""
        document = {
            "machine": self.machine,
            "versions": self.versions,
            "rows": [
                {
                    "name": name,
                    "per_second": [round(each, 1) for each in figures],
                    "median": round(median(figures), 1),
                }
                for name, figures in self.per_second.items()
            ],
            "ratios": self.ratios(),
            "commands": {name: round(seconds, 2) for name, seconds in self.commands.items()},
        }
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")

    def show(self, console: Console) -> None:
        """Tables of at most 80 columns."""
        console.print(self._figures())
        if ratios := self.ratios():
            table = Table("ratio of medians", title_justify="left")
            table.add_column("", justify="right")
            for name, ratio in ratios.items():
                table.add_row(name, f"{ratio:.2f}")
            console.print(table)
        if self.commands:
            table = Table("a whole command")
            table.add_column("seconds", justify="right")
            for name, seconds in self.commands.items():
                table.add_row(name, f"{seconds:.2f}")
            console.print(table)

    def _figures(self) -> Table:
        table = Table("row", "what")
        table.add_column("per second", justify="right")
        table.add_column("median", justify="right")
        for row in self.rows:
            figures = self.per_second.get(row.name)
            if figures:
                each = " ".join(f"{figure:.0f}" for figure in figures)
                table.add_row(row.name, row.what, each, f"{median(figures):.0f}")
        return table
