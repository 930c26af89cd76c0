from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.waiting import DEADLINE
from worker.gathered import Gathered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

NEVER = 3600.0


class Dealt:
    """What was dealt with, group by group; each group waits to be let on."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.on = asyncio.Event()
        self.on.set()

    async def __call__(self, items: Sequence[int]) -> None:
        self.groups.append(sorted(items))
        await self.on.wait()


@asynccontextmanager
async def _running(gathered: Gathered[int], dealt: Dealt) -> AsyncIterator[None]:
    running = asyncio.create_task(gathered.run(dealt))
    try:
        async with asyncio.timeout(DEADLINE):
            yield
    finally:
        running.cancel()


async def _turns() -> None:
    """Let everything happen that waits for nothing."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_alone_nobody_is_waited_for() -> None:
    gathered: Gathered[int] = Gathered(NEVER)
    async with _running(gathered, dealt := Dealt()):
        for item in (1, 2):
            await gathered.submit(item, gathered.begin())
    assert dealt.groups == [[1], [2]]


async def test_those_who_are_at_work_are_waited_for_and_dealt_with_together() -> None:
    gathered: Gathered[int] = Gathered(NEVER)
    async with _running(gathered, dealt := Dealt()):
        begun = [gathered.begin() for _ in range(3)]
        first = gathered.submit(1, begun[0])
        await _turns()
        assert dealt.groups == []
        await asyncio.gather(gathered.submit(2, begun[1]), gathered.submit(3, begun[2]), first)
    assert dealt.groups == [[1, 2, 3]]


async def test_who_takes_long_holds_up_the_others_once_and_no_longer_than_the_linger() -> None:
    gathered: Gathered[int] = Gathered(0.01)
    async with _running(gathered, dealt := Dealt()):
        slow = gathered.begin()
        await gathered.submit(1, gathered.begin())
        dealt.on.clear()
        # However long somebody may be waited for: the slow one no longer is.
        gathered.linger = NEVER
        second = gathered.submit(2, gathered.begin())
        await _turns()
        assert dealt.groups == [[1], [2]]
        late = gathered.submit(3, slow)
        dealt.on.set()
        await asyncio.gather(second, late)
    assert dealt.groups == [[1], [2], [3]]


async def test_who_begins_again_when_a_group_is_done_is_in_the_next_with_the_others() -> None:
    gathered: Gathered[int] = Gathered(NEVER)

    async def work(*items: int) -> None:
        for item in items:
            begun = gathered.begin()
            await asyncio.sleep(0)
            await gathered.submit(item, begun)

    async with _running(gathered, dealt := Dealt()):
        await asyncio.gather(work(1, 2, 3), work(11, 12, 13))
    assert dealt.groups == [[1, 11], [2, 12], [3, 13]]


async def test_an_error_ends_it_and_nobody_is_told_that_it_was_done() -> None:
    gathered: Gathered[int] = Gathered(NEVER)

    async def fail(_: Sequence[int]) -> None:
        raise ZeroDivisionError

    waiting = gathered.submit(1, gathered.begin())
    with pytest.raises(ZeroDivisionError):
        await gathered.run(fail)
    assert not waiting.done()
    waiting.cancel()
