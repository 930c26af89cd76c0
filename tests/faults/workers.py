"""The program's processes in a run: each started anew when it ended, as systemd would."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.bench.processes import started, tail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    Settings = Callable[["Roles"], Mapping[str, str]]

DRAIN_SECONDS: Final = 20.0
_BUSY_SECONDS: Final = 10.0
"""What a machine that others use as well may add to the drain."""
_PAUSE_SECONDS: Final = 0.2
_LONGER_SECONDS: Final = 2.0
_MOST_ENDS: Final = 20


@dataclass(frozen=True, slots=True)
class Roles:
    """A process of the run: which program, which roles, and what is different in its settings."""

    name: str
    roles: tuple[str, ...] = ()
    """None: all."""
    module: str = "worker"
    settings: Mapping[str, str] = field(default_factory=dict)

    wired: bool = True
    """Whether it reaches its services by the wires that faults are made on."""
    sends: bool = True
    """Whether it may have connections to the mail server."""

    @property
    def command(self) -> tuple[str, ...]:
        """Its arguments."""
        return ("worker", *(part for role in self.roles for part in ("--role", role)))


@dataclass(slots=True)
class Life:
    """One process from start to end."""

    of: Roles
    log: Path
    process: asyncio.subprocess.Process
    asked: str | None = None
    """Who ended it: `killed` or `terminated` by us, None by nobody of us."""
    ended: int | None = None
    last: bool = False
    """Whether it ran to the end of the run, when every fault was over."""


class Running:
    """Processes by name; `wrong` are the ends that nobody asked for and no signal explains."""

    def __init__(self, crew: Sequence[Roles], settings: Settings, folder: Path) -> None:
        self._crew = {each.name: each for each in crew}
        self._settings = settings
        self._folder = folder
        self._now: dict[str, Life] = {}
        self._stopping = asyncio.Event()
        self.lives: list[Life] = []
        self.wrong: list[str] = []

    @property
    def names(self) -> list[str]:
        """Those that run now."""
        return [name for name, life in self._now.items() if life.process.returncode is None]

    def pid(self, name: str) -> int:
        """The process id of one that runs now."""
        return self._now[name].process.pid

    async def kill(self, name: str) -> None:
        """SIGKILL; returns when it is gone."""
        life = self._now[name]
        life.asked = "killed"
        with suppress(ProcessLookupError):
            life.process.kill()
        await life.process.wait()

    async def terminate(self, name: str) -> None:
        """SIGTERM; what doesn't end within the drain counts as wrong, and is killed."""
        life = self._now[name]
        await _begun(life)
        life.asked = life.asked or "terminated"
        began = time.monotonic()
        with suppress(ProcessLookupError):
            os.kill(life.process.pid, signal.SIGCONT)
            life.process.terminate()
        try:
            await asyncio.wait_for(life.process.wait(), DRAIN_SECONDS + _BUSY_SECONDS)
        except TimeoutError:
            took = time.monotonic() - began
            self.wrong.append(f"{name} did not end within {took:.0f} s of SIGTERM")
            await self.kill(name)

    async def keep(self, name: str) -> None:
        """Start it, and again whenever it ended; one that cannot stay up is left in the end."""
        while not self._stopping.is_set() and len(self.wrong) < _MOST_ENDS:
            life = await self._begin(self._crew[name])
            if self._stopping.is_set():
                # It was being started as all were asked to end.
                await self.terminate(name)
            life.ended = await life.process.wait()
            explained = {-signal.SIGKILL} if life.asked != "terminated" else {0}
            if life.ended not in explained and not (life.asked and life.ended == -signal.SIGKILL):
                said = tail(life.log)[-300:]
                self.wrong.append(f"{life.log.stem} ended by itself, status {life.ended}: {said}")
                await asyncio.sleep(_LONGER_SECONDS)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _begin(self, roles: Roles) -> Life:
        log = self._folder / f"{roles.name}-{len(self.lives) + 1}.log"
        settings = {**self._settings(roles), **roles.settings}
        process = await started(settings, *roles.command, log=log, module=roles.module)
        life = Life(roles, log, process)
        self.lives.append(life)
        self._now[roles.name] = life
        return life

    async def stop(self) -> None:
        """Ask all to end, and start none anew."""
        self._stopping.set()
        for name in self.names:
            self._now[name].last = True
        await asyncio.gather(*(self.terminate(name) for name in self.names))

    def leave(self) -> None:
        """Leave nothing running."""
        for life in self.lives:
            if life.process.returncode is None:
                with suppress(ProcessLookupError):
                    life.process.kill()


async def _begun(life: Life) -> None:
    """Return at its first line, or its end: until then Python itself is still starting."""
    while life.process.returncode is None and not life.log.stat().st_size:  # noqa: ASYNC110 (a file)
        await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def running(
    crew: Sequence[Roles], settings: Settings, folder: Path
) -> AsyncIterator[Running]:
    """All of them, until the end of the block."""
    workers = Running(crew, settings, folder)
    keeping = [asyncio.create_task(workers.keep(each.name)) for each in crew]
    try:
        while len(workers.names) < len(crew):  # noqa: ASYNC110 (a process that starts sets no event)
            await asyncio.sleep(_PAUSE_SECONDS)
        yield workers
        await workers.stop()
        await asyncio.gather(*keeping)
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        workers.leave()
        await asyncio.gather(*(life.process.wait() for life in workers.lives))
