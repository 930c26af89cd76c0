"""What a peer is asked to do, and how it answers: JSON in, how long it took out."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvloop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True, slots=True)
class Task:
    """The same for all peers; each takes from it what it needs."""

    messages: int
    amqp: str = ""
    postgres: str = ""
    queues: list[str] = field(default_factory=list)
    smtp_port: int = 0
    jobs: str = ""
    """A file of mail jobs, see `jobs`."""
    seed: int = 0
    options: dict[str, int] = field(default_factory=dict)
    """Other settings than the best ones, for trying."""


class Countdown:
    """Ends when something was done as often as it was to be."""

    def __init__(self, times: int) -> None:
        self._left = times
        self._over = asyncio.Event()
        self._end = 0.0

    def done(self) -> int:
        """Count one; how many are left."""
        self._left -= 1
        if self._left == 0:
            self._end = time.perf_counter()
            self._over.set()
        return self._left

    async def since(self, start: float) -> float:
        """Seconds from `start` (of time.perf_counter) to the last one."""
        await self._over.wait()
        return self._end - start


def answer(run: Callable[[Task], Awaitable[float]]) -> None:
    """Run a peer as a program."""
    task = Task(**json.load(sys.stdin))

    async def main() -> float:
        return await run(task)

    json.dump({"seconds": uvloop.run(main())}, sys.stdout)
