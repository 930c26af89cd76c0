"""A service that says what it hears."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class Echo:
    """Says what it hears; remembers how each conversation ended."""

    def __init__(self) -> None:
        self.heard = b""
        self.connected = 0
        self.ends: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected += 1
        end = "end"
        try:
            while said := await reader.read(65536):
                self.heard += said
                writer.write(said)
                await writer.drain()
        except OSError:
            end = "reset"
        self.ends.append(end)
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()
