"""What signals do while a stack is being started, used or ended.

Only the main thread is told of signals and may say what they do; elsewhere these change nothing.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def raising() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SystemExit in the block, so that it can clean up."""
    with _handling(_SIGNALS, _exit):
        yield


@contextmanager
def ignored() -> Iterator[None]:
    """Nothing disturbs the block, Ctrl-C neither: for what is bounded and must be finished."""
    with _handling((*_SIGNALS, signal.SIGINT), signal.SIG_IGN):
        yield


@contextmanager
def _handling(
    signals: tuple[signal.Signals, ...],
    handler: Callable[[int, FrameType | None], NoReturn] | signal.Handlers,
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
