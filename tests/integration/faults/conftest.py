"""An echoing service behind a wire."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.echo import Echo
from tests.faults.wires.wire import strung

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.wires.wire import Wire


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def wire(echo: Echo) -> AsyncIterator[Wire]:
    """A way to it."""
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    try:
        async with strung("127.0.0.1", server.sockets[0].getsockname()[1]) as opened:
            yield opened
    finally:
        server.close()
