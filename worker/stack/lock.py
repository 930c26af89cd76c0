"""Locks that other processes respect, and that a killed process leaves behind open."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from worker.stack import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def held(lock: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the file `lock`, made if need be.

    Without `wait` raises BlockingIOError when another process holds it. OSError otherwise, as
    when the file is another user's.
    """
    private.make_folder(lock.parent)
    with lock.open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
