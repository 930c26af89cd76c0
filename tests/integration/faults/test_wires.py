"""A wire breaks what goes over it in the way that was asked for, and mends it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.faults.wires.connection import reset
from tests.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.echo import Echo
    from tests.faults.wires.wire import Wire

_SILENCE = 0.3
_MEBIBYTE = bytes(range(256)) * 4096


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, text: bytes) -> None:
        self.writer.write(text)
        await self.writer.drain()

    async def hear(self, count: int) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readexactly(count)

    async def echoed(self, text: bytes) -> bytes:
        await self.say(text)
        return await self.hear(len(text))

    async def quiet(self) -> bool:
        """Nothing comes, and no end, for as long as other connections need to say much."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SILENCE):
                await self.reader.read(1)
                return False
        return True

    async def broken(self) -> str:
        try:
            async with asyncio.timeout(DEADLINE):
                return "end" if await self.reader.read(1) == b"" else "more"
        except ConnectionResetError:
            return "reset"


@asynccontextmanager
async def client(wire: Wire) -> AsyncIterator[Client]:
    opened = Client(*await asyncio.open_connection("127.0.0.1", wire.port))
    try:
        yield opened
    finally:
        opened.writer.transport.abort()


async def test_all_bytes_pass_both_ways_in_order(wire: Wire) -> None:
    async with client(wire) as one, client(wire) as other:
        saying = asyncio.create_task(one.say(_MEBIBYTE))
        assert await other.echoed(b"hallo") == b"hallo"
        assert await one.hear(len(_MEBIBYTE)) == _MEBIBYTE
        await saying


async def test_an_end_is_passed_on_as_an_end_with_all_that_was_said_before(
    wire: Wire, echo: Echo
) -> None:
    async with client(wire) as one:
        await one.say(b"laatste")
        one.writer.write_eof()
        assert await one.hear(7) == b"laatste"
        assert await one.broken() == "end"
    assert echo.ends == ["end"]


async def test_a_reset_is_passed_on_as_a_reset(wire: Wire, echo: Echo) -> None:
    async with client(wire) as one:
        assert await one.echoed(b"hallo") == b"hallo"
        reset(one.writer)

        async def ended() -> bool:
            return bool(echo.ends)

        await until(ended, "the service hears of it")
    assert echo.ends == ["reset"]


async def test_cut_resets_every_connection_and_refuses_new_ones_until_restored(wire: Wire) -> None:
    port = wire.port
    async with client(wire) as one, client(wire) as other:
        await one.echoed(b"a")
        await other.echoed(b"b")
        await wire.cut()
        assert [await one.broken(), await other.broken()] == ["reset", "reset"]
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    await wire.restore()
    assert wire.port == port
    async with client(wire) as again:
        assert await again.echoed(b"c") == b"c"


async def test_a_stall_passes_no_byte_and_the_resumption_passes_all(wire: Wire, echo: Echo) -> None:
    async with client(wire) as one:
        assert await one.echoed(b"voor") == b"voor"
        await wire.stall()
        async with client(wire) as late:
            await one.say(b"tijdens")
            await late.say(b"nieuw")
            assert await one.quiet()
            assert await late.quiet()
            assert (echo.heard, echo.connected) == (b"voor", 1)
            await wire.resume()
            assert await one.hear(7) == b"tijdens"
            assert await late.hear(5) == b"nieuw"


async def test_what_a_client_said_before_it_left_in_a_stall_arrives_late(
    wire: Wire, echo: Echo
) -> None:
    async with client(wire) as one:
        await one.echoed(b"voor")
        await wire.stall()
        await one.say(b"COMMIT")
        one.writer.write_eof()
    assert echo.heard == b"voor"
    await wire.resume()

    async def arrived() -> bool:
        return echo.heard == b"voorCOMMIT" and bool(echo.ends)

    await until(arrived, "it arrives")


async def test_a_lost_connection_hears_nothing_and_no_end_and_new_ones_work(
    wire: Wire, echo: Echo
) -> None:
    async with client(wire) as one:
        await one.echoed(b"voor")
        await wire.half_open()
        await one.say(b"weg")
        async with client(wire) as other:
            assert await other.echoed(b"nieuw") == b"nieuw"
        assert await one.quiet()
        await wire.restore()
        await one.say(b"ook weg")
        assert await one.quiet()
    assert b"weg" not in echo.heard


async def test_the_service_hears_of_a_lost_client_only_when_the_wire_is_well_again(
    wire: Wire, echo: Echo
) -> None:
    async with client(wire) as one:
        await one.echoed(b"voor")
        await wire.half_open()
    async with client(wire) as other:
        await other.echoed(b"nieuw")
    assert "reset" not in echo.ends

    async def heard() -> bool:
        return "reset" in echo.ends

    await wire.restore()
    await until(heard, "the service hears of it")


# What follows asks for the least time that it must take, which no busy machine can break.
async def test_latency_makes_every_chunk_late_both_ways(wire: Wire) -> None:
    await wire.latency(0.2)
    async with client(wire) as one:
        began = time.monotonic()
        assert await one.echoed(b"hallo") == b"hallo"
        assert time.monotonic() - began >= 0.4


async def test_a_trickle_passes_all_and_no_faster_than_asked(wire: Wire) -> None:
    await wire.trickle(10_000)
    async with client(wire) as one:
        began = time.monotonic()
        assert await one.echoed(_MEBIBYTE[:4000]) == _MEBIBYTE[:4000]
        assert time.monotonic() - began >= 0.35


@pytest.mark.parametrize("how", ["stall", "half_open"])
async def test_a_wire_closes_whatever_its_state(wire: Wire, how: str) -> None:
    async with client(wire) as one:
        await one.echoed(b"voor")
        await getattr(wire, how)()
        async with client(wire):
            await wire.close()
        assert await one.broken() == "reset"
