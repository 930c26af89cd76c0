from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from tests.waiting import DEADLINE
from worker.concurrency import Deadline, Tasks, cancellations, ended
from worker.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Coroutine

SOON = 0.01


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _fails(error: BaseException) -> None:
    raise error


async def _stubborn() -> None:
    """A task that loses its first cancellation, as `wait_for` of Python 3.11 may."""
    try:
        await _for_ever()
    except asyncio.CancelledError:
        await _for_ever()


async def test_a_block_that_lasts_too_long_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with Deadline(SOON):
            await _for_ever()
    assert cancellations() == 0


async def test_a_deadline_is_a_timeout_in_a_task_that_was_cancelled_before() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with Deadline(SOON):
            await _for_ever()
    assert task.uncancel() == 0


async def test_whoever_is_cancelled_within_a_deadline_is_cancelled() -> None:
    async def wait() -> None:
        async with Deadline(60):
            await _for_ever()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_counts_from_the_last_progress() -> None:
    loop, progress = asyncio.get_running_loop(), [0.0]

    def heard() -> float:
        progress.append(loop.time() if len(progress) < 4 else 0.0)
        return progress[-1]

    with pytest.raises(TimeoutError):
        async with Deadline(SOON, heard):
            await _for_ever()
    assert len(progress) == 5


async def test_a_deadline_ends_a_block_that_loses_a_cancellation() -> None:
    with pytest.raises(TimeoutError):
        async with Deadline(SOON):
            await _stubborn()
    assert cancellations() == 0


async def test_a_group_waits_for_its_tasks_and_ends_what_accompanies_them() -> None:
    done, companion = asyncio.Event(), asyncio.Event()

    async def accompany() -> None:
        try:
            await _for_ever()
        finally:
            companion.set()

    async def finish() -> None:
        await asyncio.sleep(0)
        done.set()

    async with Tasks() as tasks:
        tasks.accompany("companion", accompany())
        tasks.start("setting", finish())
    assert done.is_set()
    assert companion.is_set()


async def _together(*works: Coroutine[Any, Any, None], until: asyncio.Event | None = None) -> None:
    async with asyncio.timeout(DEADLINE), Tasks() as tasks:
        for work in works:
            tasks.start("reading", work, until=until)


async def test_the_first_failure_ends_the_others_and_leaves_nothing_behind() -> None:
    ends: list[str] = []

    async def other() -> None:
        try:
            await _for_ever()
        finally:
            ends.append("other")

    with pytest.raises(Outage, match="away"):
        await _together(other(), _fails(Outage("away")))
    assert ends == ["other"]
    assert cancellations() == 0


async def test_a_defect_does_not_hide_behind_an_outage() -> None:
    with pytest.raises(ZeroDivisionError):
        await _together(_fails(Outage("away")), _fails(ZeroDivisionError()))


async def test_a_task_that_a_library_cancels_is_an_outage() -> None:
    with pytest.raises(Outage, match="task reading was cancelled by a library"):
        await _together(_fails(asyncio.CancelledError()), _for_ever())


async def test_a_task_that_ends_before_its_event_is_an_outage_and_after_it_is_none() -> None:
    stop = asyncio.Event()
    with pytest.raises(Outage, match="task reading ended by itself"):
        await _together(asyncio.sleep(0), _for_ever(), until=stop)
    stop.set()
    await _together(asyncio.sleep(0), _fails(asyncio.CancelledError()), until=stop)


async def test_a_companion_that_ends_before_the_others_is_an_outage() -> None:
    async def run() -> None:
        async with Tasks() as tasks:
            tasks.accompany("companion", asyncio.sleep(0))
            tasks.start("other", _for_ever())

    with pytest.raises(Outage, match="task companion ended by itself"):
        await run()


async def test_a_group_that_is_cancelled_ends_its_tasks_first() -> None:
    started: list[asyncio.Task[None]] = []

    async def run() -> None:
        async with Tasks() as tasks:
            started.append(tasks.start("one", _for_ever()))

    group = asyncio.create_task(run())
    await asyncio.sleep(0)
    await ended([group])
    assert group.cancelled()
    assert started[0].cancelled()


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    task = asyncio.create_task(_stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(DEADLINE):
        await ended([task])
    assert task.cancelled()


async def test_a_task_that_fails_as_its_group_is_cancelled_prints_nothing() -> None:
    printed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: printed.append(context))

    async def fail_at_the_end() -> None:
        try:
            await _for_ever()
        finally:
            raise ValueError

    async def run() -> None:
        async with Tasks() as tasks:
            tasks.start("one", fail_at_the_end())

    group = asyncio.create_task(run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await ended([group])
    assert group.cancelled()
    del group
    gc.collect()
    assert not printed
