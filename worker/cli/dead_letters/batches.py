"""Many dead letters, page by page: at a pace, with a bar, and stopped between two pages."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from worker.cli import calling
from worker.clock import pause
from worker.errors import Outage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from uuid import UUID

    from worker.postgres.choosing import Place
    from worker.postgres.pages import Page

    TakePage = Callable[[int, Place | None], Awaitable[Page]]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PER_PAGE: Final = 500
_PAGES_PER_SECOND: Final = 5


@dataclass(slots=True)
class Tally:
    """What was done, how many were passed over, and whether it came to an end by itself."""

    done: list[UUID] = field(default_factory=list)
    passed: int = 0
    complete: bool = False

    def document(self, done: str) -> dict[str, Any]:
        """What `--json` says of it."""
        return {done: len(self.done), "passed": self.passed, "complete": self.complete}


@contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """Set by Ctrl-C, by SIGTERM and by the end of the terminal, which do nothing else meanwhile."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def progress(*, quiet: bool) -> Progress:
    """On a terminal alone, and gone when it is done."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=calling.err,
        transient=True,
        disable=quiet or not calling.err.is_terminal,
    )


async def page_by_page(
    take: TakePage, doing: str, total: int, rate: int | None = None, *, quiet: bool = False
) -> Tally:
    """All pages, `rate` dead letters a second at most; raises Outage that says how far it came."""
    tally = Tally()
    with told_to_stop() as stop, progress(quiet=quiet) as shown:
        bar = shown.add_task(doing, total=total)
        try:
            async for page in _pages(take, rate, stop):
                tally.done += page.done
                tally.passed += page.passed
                tally.complete = page.end is None
                shown.update(bar, completed=len(tally.done) + tally.passed)
        except Outage as error:
            if not tally.done:
                raise
            msg = f"{error} {len(tally.done)} were done; the same command goes on with the rest."
            raise Outage(msg) from None
    return tally


async def _pages(take: TakePage, rate: int | None, stop: asyncio.Event) -> AsyncIterator[Page]:
    most = _PER_PAGE if rate is None else max(1, min(_PER_PAGE, rate // _PAGES_PER_SECOND))
    began, done, after = time.monotonic(), 0, None
    while not stop.is_set():
        page = await take(most, after)
        yield page
        if page.end is None:
            return
        after = page.end
        done += len(page.done)
        if rate is not None:
            await pause(stop, began + done / rate - time.monotonic())
