from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from worker.postgres.grouped import Grouped

if TYPE_CHECKING:
    from collections.abc import Sequence


class Flushed:
    """Doubles what it is given, in groups that it remembers; waits to be let on."""

    def __init__(self, *, waits: bool = True) -> None:
        self.groups: list[list[int]] = []
        self.on = asyncio.Event()
        self.error: Exception | None = None
        if not waits:
            self.on.set()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        await self.on.wait()
        if self.error:
            raise self.error
        return [2 * item for item in items]


async def test_whoever_comes_while_one_runs_goes_into_the_next() -> None:
    flushed = Flushed()
    grouped: Grouped[int, int] = Grouped(flushed)
    submitted = [asyncio.create_task(grouped.submit(item)) for item in (1, 2, 3)]
    await asyncio.wait(submitted, timeout=0)
    submitted.append(asyncio.create_task(grouped.submit(4)))
    flushed.on.set()
    assert await asyncio.gather(*submitted) == [2, 4, 6, 8]
    assert sorted(item for group in flushed.groups for item in group) == [1, 2, 3, 4]
    assert len(flushed.groups) <= 2


async def test_one_by_one_each_is_a_group_of_its_own() -> None:
    flushed = Flushed(waits=False)
    grouped: Grouped[int, int] = Grouped(flushed)
    assert [await grouped.submit(item) for item in (1, 2)] == [2, 4]
    assert flushed.groups == [[1], [2]]


async def test_an_error_reaches_everybody_in_the_group_and_nobody_after_it() -> None:
    flushed = Flushed()
    flushed.error = ZeroDivisionError()
    grouped: Grouped[int, int] = Grouped(flushed)
    submitted = [asyncio.create_task(grouped.submit(item)) for item in (1, 2)]
    await asyncio.wait(submitted, timeout=0)
    flushed.on.set()
    ended = await asyncio.gather(*submitted, return_exceptions=True)
    assert [type(each) for each in ended] == [ZeroDivisionError, ZeroDivisionError]
    flushed.error = None
    assert await grouped.submit(5) == 10


async def test_who_is_cancelled_while_it_flushes_ends_all_in_its_group() -> None:
    flushed = Flushed()
    grouped: Grouped[int, int] = Grouped(flushed)
    first = asyncio.create_task(grouped.submit(1))
    await asyncio.wait([first], timeout=0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    flushed.on.set()
    assert await grouped.submit(2) == 4
