"""`python -m tests.faults`: the program under faults that a seed chooses; writes faults.json.

Exit status 0 only if nothing was lost, nothing came twice, nothing else was found, mails were
repeated no more often than the faults allow, and each recovery took no longer than it may. The
ledger and the logs of the processes stay in `.faults/SEED`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from tests.bench.embedded import site
from tests.faults import report
from tests.faults.catalogue import CATALOGUE
from tests.faults.crews import CREWS
from tests.faults.recovery import ENOUGH_SECONDS
from tests.faults.run import Run
from worker.logs import silence_libraries
from worker.stack.looking import default_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.site import Site

_KEPT: Final = Path(__file__).parents[2] / ".faults"
_FAULT_SECONDS: Final = 8.0
"""How long a fault takes as a rule, with its recovery."""
_RATES: Final = (10.0, 100.0)
# Whatever hangs, the run does not.
_SETTLING_SECONDS: Final = 600.0
_LONGEST_FAULT_SECONDS: Final = 120.0

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def main() -> int:
    """Run, report, judge."""
    given = _arguments()
    silence_libraries()
    # aio-pika's own, where a connection fails as it is being made.
    warnings.filterwarnings("ignore", "coroutine 'Connection.close' was never awaited")
    err.print(f"seed {given.seed}")
    folder = _KEPT / str(given.seed)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with _site() as ours:
        run = Run(
            ours, folder, given.seed, given.only, given.messages, given.faults,
            _rate(given), given.window, CREWS[given.program],
        )  # fmt: skip
        longest = _SETTLING_SECONDS + given.faults * _LONGEST_FAULT_SECONDS
        longest += given.messages / run.rate
        try:
            verdict = asyncio.run(asyncio.wait_for(run.run(), longest))
        finally:
            report.write_strikes(run.strikes, folder / "strikes.jsonl")
    report.write(run, verdict, given.json)
    return 0 if report.show(run, verdict, given.recovery, out) else 1


@contextmanager
def _site() -> Iterator[Site]:
    """Of this run alone, and nothing of it is left."""
    name = f"faults-{os.getpid()}"
    try:
        with site(name=name, report=err.print) as ours:
            yield ours
    finally:
        for lock in default_root().glob(f"{name}*.lock"):
            lock.unlink()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--faults", type=int, default=15)
    parser.add_argument("--rate", type=float, help="messages a second; else as long as the faults")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--only", type=_kinds, default=list(CATALOGUE), help="kinds, by comma")
    parser.add_argument(
        "--window", type=float, default=0.0, help="seconds in which contacts share a mail"
    )
    parser.add_argument(
        "--program", choices=CREWS, default="right", help="a wrong one, to see it found out"
    )
    parser.add_argument(
        "--recovery", type=float, default=ENOUGH_SECONDS, help="seconds that one may take"
    )
    parser.add_argument("--json", type=Path, default=Path("faults.json"))
    return parser.parse_args()


def _kinds(text: str) -> list[str]:
    kinds = text.split(",")
    if unknown := [kind for kind in kinds if kind not in CATALOGUE]:
        known = ", ".join(CATALOGUE)
        raise argparse.ArgumentTypeError(f"no fault {', '.join(unknown)}; there are {known}")
    return kinds


def _rate(given: argparse.Namespace) -> float:
    """So that messages flow as long as there are faults."""
    if given.rate is not None:
        return float(given.rate)
    least, most = _RATES
    flowing: float = given.messages / (_FAULT_SECONDS * max(1, given.faults))
    return min(most, max(least, flowing))


if __name__ == "__main__":
    sys.exit(main())
