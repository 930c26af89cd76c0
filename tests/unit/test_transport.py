from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.frames import delivered, framed
from worker.rabbitmq.deliveries import Deliveries
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.transport import GatedReader

if TYPE_CHECKING:
    from worker.envelope import Delivery

OK = b"\x00\x3c\x00\x15\x01q"
CANCEL = b"\x00\x3c\x00\x1e\x01q\x00"


@dataclass
class Taken:
    """What a channel's consumer was handed; each delivery is held until it is settled."""

    gate: Gate
    deliveries: list[tuple[str, int, str | None, bytes, bool]] = field(default_factory=list)

    def deliver(self, tag: int, delivery: Delivery) -> None:
        self.gate.hold(len(delivery.body))
        self.deliveries.append(
            (delivery.queue, tag, delivery.message_id, delivery.body, delivery.redelivered)
        )

    @property
    def tags(self) -> list[int]:
        return [each[1] for each in self.deliveries]


class Wire:
    """A reader of `content`, which comes in chunks, and the taker of channel 1."""

    def __init__(self, content: bytes, *, limit: int = 2**30, chunk: int = 2**30) -> None:
        source, self.gate = asyncio.StreamReader(limit=2**24), Gate(limit)
        for start in range(0, len(content), chunk):
            source.feed_data(content[start : start + chunk])
        source.feed_eof()
        self.reader = GatedReader(source, self.gate, 60)
        self.taken = Taken(self.gate)
        self.gate.takers[1] = Deliveries(self.taken)

    async def frame(self) -> tuple[int, bytes]:
        """Read one frame as aiormq does: the type, channel and size, the rest."""
        kind = await self.reader.readexactly(1)
        size = int.from_bytes((await self.reader.readexactly(6))[2:])
        content = await self.reader.readexactly(size + 1)
        assert content.endswith(b"\xce")
        return kind[0], content[:-1]

    async def all(self) -> list[tuple[int, bytes]]:
        """Every frame that is left for aiormq."""
        frames = []
        while not self.reader.at_eof():
            with suppress(asyncio.IncompleteReadError):
                frames.append(await self.frame())
        return frames


async def test_deliveries_go_to_their_taker_and_the_rest_to_aiormq_in_order() -> None:
    wire = Wire(
        framed(1, OK)
        + delivered(1, b"een")
        + delivered(2, again=True)
        + framed(8, b"", channel=0)
        + delivered(3, b"d" * 100_000, b"rie")
        + framed(1, CANCEL)
    )
    assert await wire.all() == [(1, OK), (8, b""), (1, CANCEL)]
    assert wire.taken.deliveries == [
        ("q", 1, "bericht-1", b"een", False),
        ("q", 2, "bericht-2", b"", True),
        ("q", 3, "bericht-3", b"d" * 100_000 + b"rie", False),
    ]


async def test_a_channel_without_a_taker_is_left_to_aiormq() -> None:
    sent = delivered(1, b"een", channel=2) + delivered(1, b"een")
    wire = Wire(sent + framed(1, OK))
    assert [kind for kind, _ in await wire.all()] == [1, 2, 3, 1]
    assert wire.taken.tags == [1]


@settings(print_blob=True)
@given(
    st.lists(st.sampled_from(["delivery", "method", "heartbeat"]), max_size=12),
    st.integers(1, 200),
)
async def test_frames_come_out_as_they_went_in_however_they_arrive(
    kinds: list[str], chunk: int
) -> None:
    other = {"method": framed(1, OK), "heartbeat": framed(8, b"", channel=0)}
    wire = Wire(
        b"".join(
            other.get(kind) or delivered(number, b"x" * (number * 20))
            for number, kind in enumerate(kinds, start=1)
        ),
        chunk=chunk,
    )
    left = await wire.all()
    assert [kind for kind, _ in left] == [
        1 if kind == "method" else 8 for kind in kinds if kind != "delivery"
    ]
    assert wire.taken.tags == [
        number for number, kind in enumerate(kinds, start=1) if kind == "delivery"
    ]


@pytest.mark.parametrize("cut", [1, 5, 20, 60])
async def test_a_broker_that_closes_in_the_middle_of_a_frame_is_noticed(cut: int) -> None:
    wire = Wire(delivered(1, b"x" * 100)[:-cut])
    with pytest.raises(asyncio.IncompleteReadError):
        await wire.frame()
    assert wire.taken.tags == []


async def test_nothing_more_is_read_while_the_gate_is_shut() -> None:
    content = b"".join(delivered(number, b"x" * 60_000) for number in range(1, 21))
    wire = Wire(content + framed(1, OK), limit=200_000)
    reading = asyncio.create_task(wire.frame())
    await asyncio.wait([reading], timeout=0)
    assert not reading.done()
    while not reading.done():
        assert wire.gate.shut
        assert len(wire.taken.tags) < 20
        wire.gate.release(60_000)
        await asyncio.wait([reading], timeout=0)
    assert await reading == (1, OK)
    assert wire.taken.tags == list(range(1, 21))


async def test_what_is_read_without_a_size_is_what_there_is() -> None:
    wire = Wire(b"AMQP\x00\x00\x09\x01")
    assert await wire.reader.read() == b"AMQP\x00\x00\x09\x01"
    assert await wire.reader.read() == b""
    assert wire.reader.at_eof()


async def test_a_gate_is_shut_from_its_limit_on_until_enough_is_released() -> None:
    gate = Gate(100)
    shut = []
    for act, size in ((gate.hold, 99), (gate.hold, 1), (gate.release, 1), (gate.hold, 1000)):
        act(size)
        shut.append(gate.shut)
    assert shut == [False, True, False, True]


async def test_a_gate_that_was_opened_stays_open_whatever_it_holds() -> None:
    gate = Gate(100)
    gate.hold(1000)
    gate.open()
    gate.hold(10**9)
    assert not gate.shut
