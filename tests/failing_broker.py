"""A broker that fails on some deliveries, as RabbitMQ does on what it cannot write as AMQP 0-9-1.

A proxy: it ends a connection of AMQP 0-9-1 with 541 INTERNAL_ERROR when a delivery with one of the
marks in it comes from the broker, and passes everything else, AMQP 1.0 too.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from pamqp import frame
from pamqp.commands import Connection

from tests.proxy import Proxy
from worker.concurrency import Deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PREAMBLE: Final = b"AMQP\x00\x00\x09\x01"
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER: Final = b"\x00\x3c\x00\x3c"
INTERNAL_ERROR: Final = frame.marshal(Connection.Close(541, "INTERNAL_ERROR", 0, 0), 0)


class Deliveries:
    """Frames of a broker, with those of a delivery kept together."""

    def __init__(self) -> None:
        self._coming: dict[int, bytes] = {}
        self._missing: dict[int, int] = {}

    def add(self, one: bytes) -> bytes:
        """What is whole by now: `one` itself, or all of the delivery that it completes."""
        kind, channel, payload = one[0], int.from_bytes(one[1:3]), one[7:-1]
        if kind == _METHOD and payload.startswith(_DELIVER):
            self._coming[channel] = one
            return b""
        if channel not in self._coming:
            return one
        if kind == _HEADER:
            self._missing[channel] = int.from_bytes(payload[4:12])
        elif kind == _BODY:
            self._missing[channel] -= len(payload)
        self._coming[channel] += one
        if self._missing[channel]:
            return b""
        del self._missing[channel]
        return self._coming.pop(channel)


class FailingBroker(Proxy):
    """Fails on deliveries that have one of `marks` in them."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.marks: set[bytes] = set()
        self.failures = 0
        """How many connections it ended."""
        self.without_amqp10 = False
        """Whether it answers AMQP 1.0 as a broker that has none."""

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self._url.hostname, self._url.port)
        self._open |= {writer, there[1]}
        try:
            with suppress(OSError, EOFError):
                await self._speak(reader, writer, there)
        finally:
            self._open -= {writer, there[1]}
            writer.transport.abort()
            there[1].transport.abort()

    async def _speak(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        preamble = await reader.readexactly(len(_PREAMBLE))
        if preamble != _PREAMBLE and self.without_amqp10:
            writer.write(_PREAMBLE)
            await writer.drain()
            return
        there[1].write(preamble)
        if preamble != _PREAMBLE:
            await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))
            return
        asking = asyncio.create_task(self._copy(reader, there[1]))
        try:
            await self._frames(there[0], writer)
        finally:
            asking.cancel()
        # The client reads why, and closes.
        there[1].transport.abort()
        with suppress(TimeoutError):
            async with Deadline(5):
                await reader.read()

    async def _frames(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deliveries = Deliveries()
        while True:
            head = await reader.readexactly(7)
            one = head + await reader.readexactly(int.from_bytes(head[3:]) + 1)
            whole = deliveries.add(one)
            if any(mark in whole for mark in self.marks):
                self.failures += 1
                writer.write(INTERNAL_ERROR)
                await writer.drain()
                return
            writer.write(whole)
            await writer.drain()


@asynccontextmanager
async def failing(url: str) -> AsyncIterator[FailingBroker]:
    broker = FailingBroker(url)
    await broker.restore()
    try:
        yield broker
    finally:
        await broker.cut()
