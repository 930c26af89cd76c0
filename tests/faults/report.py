"""What a run says in the end: a line for each kind of fault, what was found, and the figures."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import Console

    from tests.faults.checker import Verdict
    from tests.faults.mixing import Strike
    from tests.faults.run import Run

_SHOWN: Final = 20


def figures(run: Run, verdict: Verdict) -> dict[str, int | float]:
    """What faults.json holds."""
    return {
        "seed": run.seed,
        "messages": run.sent,
        "faults": sum(len(each.made) for each in run.strikes),
        **verdict.figures(),
        "longest_recovery_s": round(max((each.recovery for each in run.strikes), default=0), 1),
    }


def show(run: Run, verdict: Verdict, longest: float, console: Console) -> bool:
    """Print it; whether all is well, with no recovery that took more than `longest` seconds."""
    console.print(_by_kind(run.strikes))
    for strike in run.strikes:
        for reason in strike.unavailable:
            console.print(f"not made: {reason}", soft_wrap=True)
    late = [each for each in run.strikes if each.recovery > longest]
    for each in late:
        console.print(f"slow: {' and '.join(each.made)}, recovered in {each.recovery:.1f} s")
    for kind in ("lost", "twice", "unexpected"):
        findings = getattr(verdict, kind)
        for what in findings[:_SHOWN]:
            console.print(f"{kind}: {what}", soft_wrap=True)
        if len(findings) > _SHOWN:
            console.print(f"{kind}: and {len(findings) - _SHOWN} more")
    console.print(f"{run.sent} sent, {run.unknown} times without a confirm and sent again")
    console.print(json.dumps(figures(run, verdict)), soft_wrap=True)
    return verdict.good and not late


def write(run: Run, verdict: Verdict, file: Path) -> None:
    """Keep the figures."""
    file.write_text(json.dumps(figures(run, verdict)) + "\n", encoding="utf-8")


def write_strikes(strikes: Iterable[Strike], file: Path) -> None:
    """Keep what was done when, to be read beside the logs of the processes."""
    with file.open("w", encoding="utf-8") as lines:
        for each in strikes:
            lines.write(json.dumps(asdict(each)) + "\n")


def _by_kind(strikes: Iterable[Strike]) -> Table:
    """What came at the same time as another is counted with both."""
    by_kind: dict[str, list[Strike]] = defaultdict(list)
    for strike in strikes:
        for name in strike.made:
            by_kind[name].append(strike)
    table = Table("fault", width=80)
    for heading in ("made", "with another", "held, s", "recovery, s"):
        table.add_column(heading, justify="right")
    for name, those in sorted(by_kind.items()):
        table.add_row(name, *_line(those))
    return table


def _line(strikes: Sequence[Strike]) -> tuple[str, ...]:
    return (
        str(len(strikes)),
        str(sum(len(each.made) > 1 for each in strikes)),
        f"{max(each.held for each in strikes):.1f}",
        f"{max(each.recovery for each in strikes):.1f}",
    )
