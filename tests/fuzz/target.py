"""What is fuzzed: a function that takes any bytes, and inputs to begin from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """`run` raises where the program does what it must not, and only there.

    `words` are what makes a difference to the reader of the input, for mutations to put in.
    """

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def finished(work: Coroutine[Any, Any, object]) -> None:
    """Run what never waits, without the cost of an event loop."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise AssertionError("it waits for something")
