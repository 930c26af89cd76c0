"""The program's processes in a run: each started anew when it ended, as systemd would."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from tests.bench.processes import started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

# Two whole workers and a mailer: each role runs twice at least, in different company.
_ROLES: Final[dict[str, tuple[str, ...]]] = {
    "worker-1": (),
    "worker-2": (),
    "mailer": ("--role", "mailer"),
}
SENDING: Final = len(_ROLES)
"""How many of them send mails."""
_DRAIN_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.2


class Running:
    """Processes by name; `wrong` are the ends that nobody asked for and no signal explains."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.wrong: list[str] = []

    @property
    def names(self) -> list[str]:
        """Those that run now."""
        return [name for name, each in self._processes.items() if each.returncode is None]

    def pid(self, name: str) -> int:
        """The process id of one that runs now."""
        return self._processes[name].pid

    async def kill(self, name: str) -> None:
        """SIGKILL; returns when it is gone."""
        process = self._processes[name]
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def terminate(self, name: str) -> None:
        """SIGTERM; what doesn't end within the drain counts as wrong, and is killed."""
        process = self._processes[name]
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _DRAIN_SECONDS)
        except TimeoutError:
            self.wrong.append(f"{name} did not end within {_DRAIN_SECONDS:.0f} s of SIGTERM")
            await self.kill(name)

    async def keep(self, name: str) -> None:
        """Start it, and again whenever it ended."""
        while True:
            log = self._folder / f"{name}.log"
            process = await started(self._settings, "worker", *_ROLES[name], log=log)
            self._processes[name] = process
            ended = await process.wait()
            if ended not in {0, -signal.SIGKILL}:
                self.wrong.append(f"{name} ended by itself, exit status {ended}; see {log}")
            await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def running(settings: Mapping[str, str], folder: Path) -> AsyncIterator[Running]:
    """All of them, until the end of the block."""
    workers = Running(settings, folder)
    keeping = [asyncio.create_task(workers.keep(name)) for name in _ROLES]
    try:
        while len(workers.names) < len(_ROLES):  # noqa: ASYNC110 (a process that starts sets no event)
            await asyncio.sleep(_PAUSE_SECONDS)
        yield workers
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await asyncio.gather(*(workers.terminate(name) for name in workers.names))
