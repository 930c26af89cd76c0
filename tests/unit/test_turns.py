"""Turns: many together, or one alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from worker.turns import Turns

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


class Work:
    """Notes who is at it, and goes on when it is told to."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.begun: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def begin(self, name: str, *, alone: bool = False) -> None:
        """Ask for a turn, and let everybody who has one begin."""
        self._ends[name] = asyncio.Event()
        turn = self.turns.alone() if alone else self.turns.together()
        self._tasks[name] = asyncio.create_task(self._work(name, turn))
        await self._settled()

    async def _work(self, name: str, turn: AbstractAsyncContextManager[None]) -> None:
        async with turn:
            self.begun.append(name)
            await self._ends[name].wait()

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
            await self._tasks[name]
        await self._settled()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._tasks[name]
        await self._settled()

    async def _settled(self) -> None:
        """Nothing here waits for anything but the others: a few rounds of the loop are enough."""
        for _ in range(10):
            await asyncio.sleep(0)


async def test_many_are_at_it_together() -> None:
    work = Work()
    for name in "abc":
        await work.begin(name)
    assert work.begun == ["a", "b", "c"]
    await work.end("a", "b", "c")


async def test_one_that_is_alone_waits_for_all_and_all_wait_for_it() -> None:
    work = Work()
    await work.begin("a")
    await work.begin("b")
    await work.begin("alone", alone=True)
    await work.begin("c")
    await work.end("a")
    assert work.begun == ["a", "b"]
    await work.end("b")
    assert work.begun == ["a", "b", "alone"]
    await work.end("alone")
    assert work.begun == ["a", "b", "alone", "c"]
    await work.end("c")


async def test_of_two_that_are_alone_one_waits() -> None:
    work = Work()
    await work.begin("first", alone=True)
    await work.begin("second", alone=True)
    assert work.begun == ["first"]
    await work.end("first", "second")


async def test_one_that_is_cancelled_at_it_or_before_is_in_nobodys_way() -> None:
    work = Work()
    await work.begin("a")
    await work.begin("alone", alone=True)
    await work.begin("b")
    await work.cancel("alone")
    assert work.begun == ["a", "b"]
    await work.cancel("a")
    await work.cancel("b")
    await work.begin("again", alone=True)
    assert work.begun == ["a", "b", "again"]
    await work.cancel("again")
    await work.begin("c")
    assert work.begun[-1] == "c"
    await work.end("c")
