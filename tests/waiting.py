"""Waiting for a thing to be so, with a bound and without guessing how long it takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Found = TypeVar("Found")

DEADLINE = 120.0
"""What nothing takes that works, however busy the machine is: only a failure reaches it."""
_LOOK_AGAIN = 0.02


async def until(
    look: Callable[[], Awaitable[Found | None]], what: str, *, within: float = DEADLINE
) -> Found:
    """Look until there is something true to be seen; fails with `what` after `within` seconds."""
    try:
        async with asyncio.timeout(within):
            # Rows and files tell nobody that they are there.
            while not (found := await look()):  # noqa: ASYNC110 (nothing sets an event)
                await asyncio.sleep(_LOOK_AGAIN)
            return found
    except TimeoutError:
        raise AssertionError(f"not within {within:g} s: {what}") from None
