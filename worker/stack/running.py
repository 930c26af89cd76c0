"""A stack for as long as a block of code takes."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from worker.stack.errors import StackError
from worker.stack.instance import Stack
from worker.stack.lock import held
from worker.stack.signals import ignored, raising

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from worker.stack.state import StackState


@contextmanager
def running(
    root: Path,
    name: str,
    *,
    keep: bool = False,
    environment: Mapping[str, str] = os.environ,
    report: Callable[[str], None] = lambda _line: None,
) -> Iterator[StackState]:
    """A fresh stack `name` in `root`, ended with the block, however the block ends.

    What an earlier run left is deleted first. With `keep`, data, mails and logs stay afterwards
    to be looked at. SIGTERM and SIGHUP end the block as SystemExit. Raises StackError, also when
    another process is in such a block with the same stack.
    """
    stack = Stack(root, name, environment=environment, report=report)
    with _ours_alone(root, name), raising():
        stack.reset()
        try:
            yield stack.up()
        finally:
            with ignored():
                stack.down() if keep else stack.reset()


@contextmanager
def _ours_alone(root: Path, name: str) -> Iterator[None]:
    """Two runs with one stack would reset each other's."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(root / f"{name}.running.lock", wait=False))
        except BlockingIOError as error:
            message = f"the stack {name!r} in {root} is in use by another run: wait for its end"
            raise StackError(message) from error
        except OSError as error:
            message = f"the stacks in {root} can't be used: {error}"
            raise StackError(message) from error
        yield
