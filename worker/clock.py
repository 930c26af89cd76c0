"""The moment that it is, and a pause until another."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until `stop`.

    Not by `wait_for`: in Python 3.11 it loses a cancellation that comes together with `stop`.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0, seconds)):
            await stop.wait()
