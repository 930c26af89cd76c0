"""Processes that do nothing, in the place of workers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asyncio.subprocess import Process


class Sleepers:
    """Two of them; what ended stays ended."""

    def __init__(self) -> None:
        self.processes: dict[str, Process] = {}

    async def __aenter__(self) -> Self:
        for name in ("one", "other"):
            self.processes[name] = await asyncio.create_subprocess_exec("sleep", "600")
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in self.names:
            await self.kill(name)

    @property
    def names(self) -> list[str]:
        return [name for name, each in self.processes.items() if each.returncode is None]

    def pid(self, name: str) -> int:
        return self.processes[name].pid

    async def kill(self, name: str) -> None:
        self.processes[name].kill()
        await self.processes[name].wait()

    async def terminate(self, name: str) -> None:
        self.processes[name].terminate()
        await self.processes[name].wait()

    @property
    def ended(self) -> list[int]:
        """How those ended that did."""
        return [each.returncode for each in self.processes.values() if each.returncode is not None]
