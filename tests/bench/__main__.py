"""`python -m tests.bench`: the program beside its peers, on one stack, in one run, interleaved."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from tests.bench.embedded import site
from tests.bench.machine import machine, versions
from tests.bench.report import Report
from tests.bench.rows import ROWS
from worker.rabbitmq.topology import KANALEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.rows import Row
    from tests.bench.site import Site

MESSAGES: Final = 25_000

err = Console(stderr=True, highlight=False)


def main() -> int:
    """Measure, print a table and write the JSON document."""
    arguments = _arguments()
    rows = _chosen(arguments.rows)
    with site(KANALEN[: arguments.queues], report=err.print) as ours:
        ours.options = {
            name: int(value) for name, value in (each.split("=") for each in arguments.set)
        }
        report = asyncio.run(_measure(ours, rows, arguments.messages, arguments.rounds))
    report.write(arguments.output)
    report.show(Console())
    return 0


async def _measure(site: Site, rows: Sequence[Row], messages: int, rounds: int) -> Report:
    report = Report(
        machine(),
        await versions(site.state),
        rows,
        paired=site.ratios,
        commands=site.commands,
    )
    for number in range(rounds):
        for row in rows:
            count = max(1, round(messages * row.share))
            url = await row.prepare(site, count)
            per_second = count / await row.run(site, count, url)
            report.add(row, per_second)
            err.print(f"round {number + 1}  {row.name:<14} {per_second:>9.0f} per second")
    return report


def _chosen(names: str) -> Sequence[Row]:
    """The rows named, in the table's order; all of them where none is."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = wanted - {row.name for row in ROWS}
    if unknown:
        known = ", ".join(row.name for row in ROWS)
        err.print(f"Error: no row {', '.join(sorted(unknown))}; there are: {known}")
        raise SystemExit(2)
    return [row for row in ROWS if not wanted or row.name in wanted]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", default=os.environ.get("ROWS", ""), help="names, with commas")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="for the fast rows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--queues", type=int, choices=range(1, 5), default=len(KANALEN), help="for every row"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=N", help="try a setting of the peers"
    )
    parser.add_argument("--output", type=Path, default=Path("bench.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
