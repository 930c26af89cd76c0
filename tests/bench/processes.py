"""The processes that are measured: the program itself, and its peers."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tests.bench.peers.task import Task

WORKER: Final = ("worker", "worker")
"""`klantcontact worker`."""
_CHECKOUT: Final = Path(__file__).parents[2]
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 30.0
_TAIL: Final = 2000

# A worker takes messages while it is still opening its lanes: their lines may come first.
_HEAD: Final = 4 * 1024 * 1024


class ProcessFailed(Exception):
    """A process that is measured ended otherwise than it should."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running `klantcontact worker`, and the file that its log goes to."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def moment(self, event: str, seconds: float = _START_SECONDS) -> float:
        """When it first logged `event`, in seconds since 1970."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in self._lines():
                if line.get("event") == event:
                    return datetime.fromisoformat(line["timestamp"]).timestamp()
            if self.process.returncode is not None:
                break
            await asyncio.sleep(0.02)
        raise ProcessFailed(f"the worker never logged {event!r}: {tail(self.log)}")

    def _lines(self) -> list[dict[str, Any]]:
        """What its log says but for the line of each message; the last may not be whole yet."""
        with self.log.open("rb") as file:
            text = file.read(_HEAD)
        lines = (line for line in text.splitlines() if b'"event":"klantcontact"' not in line)
        return [json.loads(line) for line in lines if line.endswith(b"}")]


@asynccontextmanager
async def program(
    settings: Mapping[str, str], module: Sequence[str], roles: Sequence[str], log: Path
) -> AsyncIterator[Program]:
    """A worker with `settings` and nothing else of KLANTCONTACT_*, until the end.

    `module` is what Python runs, with its arguments.

    Raises ProcessFailed when it doesn't stop as it should.
    """
    command = ["-m", *module, *(part for role in roles for part in ("--role", role))]
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=out, stderr=out, cwd=_CHECKOUT, env=_own(settings)
        )
    try:
        yield Program(process, log)
        if process.returncode is not None:
            raise ProcessFailed(f"the worker ended by itself: {tail(log)}")
    finally:
        await _stop(process)
    if process.returncode != 0:
        raise ProcessFailed(f"the worker's exit status is {process.returncode}: {tail(log)}")


async def command(settings: Mapping[str, str], *arguments: str, cwd: Path) -> None:
    """Run `klantcontact` with `arguments` to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        cwd=cwd, env=_own(settings),
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    if process.returncode != 0:
        raise ProcessFailed(f"klantcontact {arguments[0]}: {said.decode()[-_TAIL:]}")


async def started(
    settings: Mapping[str, str], *arguments: str, log: Path, module: str = "worker"
) -> asyncio.subprocess.Process:
    """`klantcontact` with `arguments`, left to whoever asked; what it says is added to `log`."""
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments,
            stdout=out, stderr=out, cwd=_CHECKOUT, env=_own(settings),
        )  # fmt: skip


async def peer(name: str, task: Task, log: Path, seconds: float) -> float:
    """Run one of `tests.bench.peers` as its own process; how long its work took, in seconds."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"tests.bench.peers.{name}",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=out,
            cwd=_CHECKOUT, env=_own({}),
        )  # fmt: skip
    try:
        given = json.dumps(asdict(task)).encode()
        answer, _ = await asyncio.wait_for(process.communicate(given), seconds)
    except TimeoutError:
        raise ProcessFailed(f"{name} wasn't done after {seconds:.0f} s: {tail(log)}") from None
    finally:
        await _stop(process)
    if process.returncode != 0:
        raise ProcessFailed(f"{name}: {tail(log)}")
    return float(json.loads(answer)["seconds"])


def tail(log: Path) -> str:
    """The end of a log, for an error message."""
    return log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]


def _own(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, with these settings in the place of any others."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("KLANTCONTACT_")}
    return {**others, **settings}


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop; one that doesn't is killed."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
