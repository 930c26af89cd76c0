"""`python -m tests.bench.memory`: what one `worker --role intake` keeps in memory.

Exit status 1 when it is more than the issue allows: 150 MiB over many small messages, and the
memory budget, 256 MiB, over messages of the greatest size, allowed or refused.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from rich.console import Console

from tests.bench import checks, database
from tests.bench.checks import Check
from tests.bench.embedded import site
from tests.bench.large import sized
from tests.bench.material import messages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tests.bench.material import Message
    from tests.bench.processes import Program
    from tests.bench.site import Site

_SECONDS: Final = 900.0
_SAMPLE_SECONDS: Final = 0.5
_MEBIBYTE: Final = 1024 * 1024
_SEED: Final = 20_260_101

err = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Load:
    """Messages that wait in the queues, the table that they end up in, and the limit in MiB."""

    what: str
    count: int
    messages: Iterable[Message]
    table: str
    most: int


@dataclass
class Usage:
    """Resident memory in MiB, from the moment that the worker was ready."""

    samples: list[float] = field(default_factory=list)
    peak: float = 0.0
    """The kernel's own high-water mark, which no sampling misses."""

    def take(self, pid: int) -> None:
        """Look once."""
        status = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        )
        self.samples.append(int(status["VmRSS"].split()[0]) / 1024)
        self.peak = int(status["VmHWM"].split()[0]) / 1024


def main() -> int:
    """Put the loads through one process each."""
    arguments = _arguments()
    loads = (
        Load(
            f"{arguments.small} small messages",
            arguments.small,
            messages(arguments.small, _SEED, words=5),
            "klantcontact",
            150,
        ),
        Load(
            f"{arguments.large} of 1 MiB",
            arguments.large,
            sized(arguments.large, _MEBIBYTE, _SEED),
            "klantcontact",
            256,
        ),
        Load(
            f"{arguments.huge} of 8 MiB, refused",
            arguments.huge,
            sized(arguments.huge, 8 * _MEBIBYTE, _SEED),
            "dead_letter",
            256,
        ),
    )
    err.print(f"seed {_SEED}")
    with site(name="bench-memory", report=err.print) as ours:
        found = [asyncio.run(_measure(ours, load)) for load in loads if load.count]
    return 0 if checks.show(found, Console()) else 1


async def _measure(site: Site, load: Load) -> Check:
    await site.need_register()
    await site.put(load.messages, at_once=10_000 if load.count > 10_000 else 16)
    url = await site.database()
    async with site.worker(url, "intake") as worker:
        await worker.moment("gereed")
        async with _sampled(worker) as usage:
            question = f"select count(*) >= {load.count} from {load.table}"  # noqa: S608 (ours)
            await database.until(url, question, _SECONDS, every=1.0)
    await database.expect(url, **{load.table: load.count})
    await site.expect_waiting({})
    samples = usage.samples
    err.print(
        f"{load.what}: start {samples[0]:.0f}, median {median(samples):.0f},"
        f" last {samples[-1]:.0f}, peak {usage.peak:.0f} MiB"
    )
    return Check(f"peak MiB, {load.what}", load.most, round(usage.peak, 1), most=True)


@asynccontextmanager
async def _sampled(worker: Program) -> AsyncIterator[Usage]:
    """Look at the process now and then, and once more at the end."""
    usage = Usage()

    async def sample() -> None:
        while True:
            usage.take(worker.pid)
            await asyncio.sleep(_SAMPLE_SECONDS)

    task = asyncio.create_task(sample())
    try:
        yield usage
    finally:
        task.cancel()
        if worker.process.returncode is None:
            usage.take(worker.pid)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--small", type=int, default=200_000, help="0: leave this out")
    parser.add_argument("--large", type=int, default=400, help="0: leave this out")
    parser.add_argument("--huge", type=int, default=100, help="0: leave this out")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
