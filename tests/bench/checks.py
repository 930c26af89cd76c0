"""Demands on a run that aren't about speed: what was wanted and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Check:
    """One demand; `most` where anything up to `wanted` will do."""

    what: str
    wanted: float
    found: float
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether it is as it should be."""
        return self.found <= self.wanted if self.most else self.found == self.wanted


def show(checks: Sequence[Check], console: Console) -> bool:
    """Print them; whether all are met."""
    table = Table("check")
    for heading in ("wanted", "found"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for check in checks:
        wanted = f"at most {check.wanted:g}" if check.most else f"{check.wanted:.0f}"
        table.add_row(check.what, wanted, f"{check.found:.10g}", "ok" if check.met else "WRONG")
    console.print(table)
    return all(check.met for check in checks)
