"""A proxy in front of RabbitMQ that loses, mutes or delays one AMQP method."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tests.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

METHODS: Final = {
    "connection.start": (10, 10),
    "connection.start-ok": (10, 11),
    "connection.tune": (10, 30),
    "connection.tune-ok": (10, 31),
    "connection.open": (10, 40),
    "connection.open-ok": (10, 41),
    "connection.close-ok": (10, 51),
    "channel.open": (20, 10),
    "channel.open-ok": (20, 11),
    "channel.close": (20, 40),
    "channel.close-ok": (20, 41),
    "basic.qos": (60, 10),
    "basic.qos-ok": (60, 11),
    "basic.consume": (60, 20),
    "basic.consume-ok": (60, 21),
    "basic.cancel": (60, 30),
    "basic.publish": (60, 40),
    "basic.ack": (60, 80),
    "confirm.select": (85, 10),
    "confirm.select-ok": (85, 11),
}
"""Class and method of each (AMQP 0-9-1, and RabbitMQ's confirms)."""

LATE_SECONDS: Final = 12.0
_METHOD: Final = 1
_CONTENT: Final = {2, 3}
_HEAD: Final = 7


class How(StrEnum):
    """What becomes of the method."""

    SWALLOWED = "swallowed"
    MUTED = "muted"
    """It and everything after it on its channel."""
    LATE = "late"
    """It and everything after it on its channel arrive together, after LATE_SECONDS."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first `method` in one direction is lost, muted or late."""

    method: str
    how: How
    to_broker: bool = False

    def __str__(self) -> str:
        return f"{self.method}-{self.how}{'-to-broker' if self.to_broker else ''}"


@dataclass(slots=True)
class _Way:
    """One direction of one connection: what is held back there, by channel."""

    writer: asyncio.StreamWriter
    to_broker: bool
    skipping: int | None = None
    """The channel on which the content of a swallowed method follows."""
    muted: set[int] = field(default_factory=set)
    late: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def pass_on(self, channel: int, frame: bytes) -> None:
        if channel in self.late:
            self.late[channel].append(frame)
        elif channel not in self.muted:
            self.writer.write(frame)

    def release(self, channel: int) -> None:
        frames = self.late.pop(channel)
        if not self.writer.transport.is_closing():
            self.writer.write(b"".join(frames))


class AmqpProxy(Proxy):
    """Passes frames between a port of its own and a broker, but for one fault at a time."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._fault: Fault | None = None
        self._met: asyncio.Future[float] | None = None

    def arm(self, fault: Fault) -> asyncio.Future[float]:
        """Do this once; the result is the moment, by `time.monotonic`."""
        self._fault = fault
        self._met = asyncio.get_running_loop().create_future()
        return self._met

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readexactly(_HEAD)
            way = _Way(writer, to_broker=head.startswith(b"AMQP"))
            if way.to_broker:
                writer.write(head + await reader.readexactly(1))
                head = await reader.readexactly(_HEAD)
            while True:
                size = int.from_bytes(head[3:])
                self._frame(way, head, await reader.readexactly(size + 1))
                await writer.drain()
                head = await reader.readexactly(_HEAD)
        writer.transport.abort()

    def _frame(self, way: _Way, head: bytes, rest: bytes) -> None:
        kind, channel = head[0], int.from_bytes(head[1:3])
        if way.skipping == channel and kind in _CONTENT:
            return
        way.skipping = None
        if kind != _METHOD or not self._is_meant(way, rest):
            way.pass_on(channel, head + rest)
            return
        fault, self._fault = self._fault, None
        assert fault is not None
        assert self._met is not None
        self._met.set_result(time.monotonic())
        match fault.how:
            case How.SWALLOWED:
                way.skipping = channel
            case How.MUTED:
                way.muted.add(channel)
            case How.LATE:
                way.late[channel].append(head + rest)
                asyncio.get_running_loop().call_later(LATE_SECONDS, way.release, channel)

    def _is_meant(self, way: _Way, rest: bytes) -> bool:
        fault = self._fault
        if fault is None or fault.to_broker is not way.to_broker:
            return False
        return METHODS[fault.method] == (int.from_bytes(rest[:2]), int.from_bytes(rest[2:4]))


@asynccontextmanager
async def passing_frames(url: str) -> AsyncIterator[AmqpProxy]:
    proxy = AmqpProxy(url)
    await proxy.restore()
    try:
        yield proxy
    finally:
        await proxy.cut()
