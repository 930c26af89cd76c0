"""`python -m tests.faults`: the program under faults that a seed chooses; writes faults.json.

Exit status 0 only if nothing was lost, nothing came twice, nothing else was found, mails were
repeated no more often than the faults allow, and each recovery took no longer than it may.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from tests.bench.embedded import site
from tests.bench.mixture import mixture
from tests.faults.catalogue import CATALOGUE
from tests.faults.run import Run
from worker.logs import silence_libraries

if TYPE_CHECKING:
    from tests.faults.checker import Verdict

_RECOVERY_SECONDS: Final = 15.0
_SHOWN: Final = 20

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def main() -> int:
    """Run, report, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--faults", type=int, default=15)
    parser.add_argument("--rate", type=float, default=50.0, help="messages a second")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--only", default=",".join(CATALOGUE), help="kinds, by comma")
    parser.add_argument("--json", type=Path, default=Path("faults.json"))
    given = parser.parse_args()
    kinds = given.only.split(",")
    if unknown := [kind for kind in kinds if kind not in CATALOGUE]:
        parser.error(f"no fault is called {', '.join(unknown)}; there are {', '.join(CATALOGUE)}")
    silence_libraries()
    err.print(f"seed {given.seed}")
    with site(name="faults", report=err.print) as ours:
        run = Run(ours, random.Random(given.seed), kinds, given.faults, given.rate)
        verdict = asyncio.run(run.run(mixture(given.messages, given.seed), given.seed))
    return _report(run, verdict, given.seed, given.json)


def _report(run: Run, verdict: Verdict, seed: int, file: Path) -> int:
    table = Table("fault", "made", "held at most", "recovered within")
    for kind, struck in sorted(run.struck.items()):
        made = str(struck.times) if struck.times else f"not: {struck.unavailable}"
        table.add_row(kind, made, f"{struck.held:.1f} s", f"{struck.recovery:.1f} s")
    out.print(table)
    figures = {
        "seed": seed,
        "messages": run.published,
        "faults": sum(each.times for each in run.struck.values()),
        **verdict.figures(),
        "mails_repeatable": run.repeatable,
        "longest_recovery_s": round(max((e.recovery for e in run.struck.values()), default=0), 1),
    }
    for what in ("lost", "twice", "unexpected"):
        for each in getattr(verdict, what)[:_SHOWN]:
            out.print(f"{what}: {each}")
    out.print(figures)
    file.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    good = (
        not (verdict.lost or verdict.twice or verdict.unexpected)
        and verdict.mails_repeated <= run.repeatable
        and figures["longest_recovery_s"] <= _RECOVERY_SECONDS
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
