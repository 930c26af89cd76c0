"""The program as a process: started, listened to, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping
    from pathlib import Path

Seen = TypeVar("Seen")

_LONGEST_LINE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(self.out)
        return document


# By this coverage measures itself within a process, which then takes half as long again.
_MEASURING = "COVERAGE_PROCESS_CONFIG"
MEASURED = "KLANTCONTACT_TEST_MEASURED"
"""Set by the fixture `measured`, for tests whose processes show what no other test does."""


async def _spawn(
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    module: str = "worker",
    folder: Path | None = None,
) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        env={**_inherited(), **environment},
        # Where there is another version, that one is run.
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )


def _inherited() -> dict[str, str]:
    kept = dict(os.environ)
    if MEASURED not in kept:
        kept.pop(_MEASURING, None)
    return kept


async def run(
    *arguments: str,
    environment: Mapping[str, str],
    given: bytes = b"",
    within: float = DEADLINE,
    folder: Path | None = None,
) -> Ended:
    """Run a command to its end; of the version in `folder`, if it is given."""
    process = await _spawn(arguments, environment, folder=folder)
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, out.decode(), err.decode())


@dataclass
class Program:
    """A `klantcontact worker` that runs, with the lines that it has logged."""

    process: Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    err: str = ""
    _silent: bool = False
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    async def start(
        cls,
        *arguments: str,
        environment: Mapping[str, str],
        module: str = "worker",
        folder: Path | None = None,
    ) -> Program:
        program = cls(await _spawn(arguments, environment, module, folder))
        program._readers = [
            asyncio.create_task(program._read_lines()),
            asyncio.create_task(program._read_errors()),
        ]
        return program

    async def _read_lines(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._more:
                self.raw.append(line.decode())
                if line.startswith(b"{"):
                    self.lines.append(orjson.loads(line))
                self._more.notify_all()
        async with self._more:
            self._silent = True
            self._more.notify_all()

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.err = (await self.process.stderr.read()).decode()

    async def said(self, text: str, count: int = 1) -> None:
        """Wait until `count` lines hold `text`, however they are formatted."""
        await self._seen(lambda: [line for line in self.raw if text in line], count, text)

    async def logged(self, event: str, count: int = 1, **fields: object) -> dict[str, Any]:
        """Wait for the count-th line of `event` with these fields."""
        wanted = {"event": event, **fields}

        def matching() -> list[dict[str, Any]]:
            return [line for line in self.lines if line | wanted == line]

        return (await self._seen(matching, count, f"{event} {fields}"))[count - 1]

    async def _seen(self, look: Callable[[], list[Seen]], count: int, what: str) -> list[Seen]:
        await self._heard(lambda: len(look()) >= count)
        found = look()
        assert len(found) >= count, f"never logged: {what}; but {self.raw} {self.err}"
        return found

    async def _heard(self, enough: Callable[[], object]) -> None:
        """Return when it has logged enough, or can log no more, or the limit is reached."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE), self._more:
                await self._more.wait_for(lambda: enough() or self._silent)

    async def ready(self, roles: int = 4) -> Program:
        """Wait until each role has said that it is ready."""
        await self.logged("gereed", roles)
        return self

    async def ended(self) -> int:
        """Wait for the end, whatever brings it about."""
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(*self._readers)
            return await self.process.wait()

    async def stop(self) -> int:
        """Ask it to stop and wait for the exit status.

        Its first line shows that it is far enough to stop in order.
        """
        await self._heard(lambda: self.raw)
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """Leave nothing running."""
        if self.process.returncode is None:
            self.process.kill()
        await self.ended()
