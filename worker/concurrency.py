"""Deadlines and groups of tasks that behave alike on every supported Python.

Why not asyncio's own `timeout`, `wait_for` and `TaskGroup`, which ruff forbids elsewhere:

- A `TaskGroup` cancels the task that runs it when a child fails. If that task waits at the end of
  the group already, its `cancelling()` count stays above zero (Python 3.11 and 3.12). In such a
  task `timeout` raises CancelledError instead of TimeoutError up to Python 3.11.2, which Debian 12
  has (python/cpython#102780): a pause after an outage ended the process.
- A `TaskGroup` takes a child that a library cancelled for one that has finished: the group goes
  on without it, and nobody notices.
- `wait_for` of Python 3.11 loses a cancellation that comes together with the result. A task that
  is cancelled once may therefore never end; here it is cancelled until it has ended.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from worker.errors import KlantcontactError, Outage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from types import TracebackType

Result = TypeVar("Result")

# Longer than each clean-up of ours, which a second cancellation would interrupt.
_CANCEL_AGAIN_SECONDS: Final = 3.0


def cancellations() -> int:
    """How often somebody asked the current task to end, so far.

    A CancelledError without one more of them is a library's own, which says that what the task
    waits for was closed.
    """
    task = asyncio.current_task()
    return task.cancelling() if task else 0


class Deadline:
    """A block that raises TimeoutError where it lasts longer than `seconds`.

    With `progress`, which gives a moment by `time.monotonic`, they count from that moment on.
    """

    def __init__(self, seconds: float, progress: Callable[[], float] | None = None) -> None:
        self._seconds = max(0.0, seconds)
        self._progress = progress
        self._requests = 0

    @classmethod
    def at(cls, moment: float) -> Deadline:
        """A block that ends at a moment by the event loop's clock, in seconds."""
        return cls(moment - asyncio.get_running_loop().time())

    async def __aenter__(self) -> None:
        self._task = _current()
        self._earlier = self._task.cancelling()
        self._timer = self._task.get_loop().call_later(self._seconds, self._cancel)

    def _cancel(self) -> None:
        left = self._left()
        if left <= 0:
            self._requests += 1
            self._task.cancel()
            left = _CANCEL_AGAIN_SECONDS
        self._timer = self._task.get_loop().call_later(left, self._cancel)

    def _left(self) -> float:
        """How many seconds the block has, for what went on since it began."""
        if self._progress is None or self._requests:
            return 0
        return self._progress() + self._seconds - time.monotonic()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        for _request in range(self._requests):
            self._task.uncancel()
        others = self._task.cancelling() > self._earlier
        if self._requests and kind is asyncio.CancelledError and not others:
            raise TimeoutError from error


def _current() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        msg = "outside of a task nothing can be cancelled"
        raise RuntimeError(msg)
    return task


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    until: asyncio.Event | None
    background: bool


class Tasks:
    """Tasks that end together, and of which none ends unnoticed.

    The block only starts them; its end waits for them. The first that fails ends all others, and
    its error is raised: an Outage, unless another one is no error of ours. A task that a library
    cancelled, or that returned too early, is an Outage.
    """

    def __init__(self) -> None:
        self._parts: dict[asyncio.Task[Any], _Part] = {}

    def start(
        self,
        name: str,
        work: Coroutine[Any, Any, Result],
        *,
        until: asyncio.Event | None = None,
    ) -> asyncio.Task[Result]:
        """Start a task; with `until`, it must not end before that event is set."""
        return self._begin(work, _Part(name, until, background=False))

    def accompany(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that lasts as long as those of `start`, and is cancelled after them."""
        self._begin(work, _Part(name, None, background=True))

    def _begin(self, work: Coroutine[Any, Any, Result], part: _Part) -> asyncio.Task[Result]:
        task = asyncio.create_task(work, name=part.name)
        self._parts[task] = part
        return task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        failed: BaseException | None = None
        try:
            if error is None:
                failed = await self._first_failure()
        finally:
            running = [task for task in self._parts if not task.done()]
            try:
                await ended(running)
            finally:
                # Also where nobody raises it: asyncio prints errors that nobody looked at, with
                # their text, which may quote a value.
                defect = self._defect()
        if failed is not None:
            raise defect or failed

    async def _first_failure(self) -> BaseException | None:
        """Wait until a task fails, or all of `start` have finished."""
        pending = set(self._parts)
        while any(not self._parts[task].background for task in pending):
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in self._parts:
                if task in done and (failure := _failure(task, self._parts[task])):
                    return failure
        return None

    def _defect(self) -> BaseException | None:
        """An error that no outage explains: it must not hide behind one."""
        errors = [task.exception() for task in self._parts if not task.cancelled()]
        return next((each for each in errors if each and not _ours(each)), None)


def _ours(error: BaseException) -> bool:
    return isinstance(error, KlantcontactError)


def _failure(task: asyncio.Task[Any], part: _Part) -> BaseException | None:
    if task.cancelled():
        early = part.until is None or not part.until.is_set()
        return Outage(f"task {part.name} was cancelled by a library") if early else None
    if error := task.exception():
        return error
    if part.background or (part.until and not part.until.is_set()):
        return Outage(f"task {part.name} ended by itself")
    return None


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel them until each has ended; a cancellation of the caller comes after that."""
    pending = {task for task in tasks if not task.done()}
    cancelled = None
    while pending:
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)
        except asyncio.CancelledError as error:
            cancelled = error
            pending = {task for task in pending if not task.done()}
    if cancelled is not None:
        raise cancelled
