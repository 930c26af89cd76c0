"""Conversations run on both event loops: their transports differ where connections break."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The worker runs on uvloop; a test that starts processes says that one of them is enough."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
