"""The ways between the program and its services: cut, stalled, lost, and slow."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue.fault import Named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.faults.wires.wire import Wire
    from tests.faults.world import World

_LATENCY_SECONDS: Final = (0.02, 0.5)
_BYTES_PER_SECOND: Final = (2_000, 50_000)


async def _cut(wire: Wire, _: World) -> None:
    await wire.cut()


async def _stall(wire: Wire, _: World) -> None:
    await wire.stall()


async def _lose(wire: Wire, _: World) -> None:
    await wire.half_open()


async def _delay(wire: Wire, world: World) -> None:
    await wire.latency(world.chance.uniform(*_LATENCY_SECONDS))


async def _narrow(wire: Wire, world: World) -> None:
    await wire.trickle(world.chance.uniform(*_BYTES_PER_SECOND))


@asynccontextmanager
async def broken(
    world: World, *, way: str, how: Callable[[Wire, World], Awaitable[None]]
) -> AsyncIterator[None]:
    """The wire to one service, for everybody who uses it."""
    wire: Wire = getattr(world, way)
    try:
        await how(wire, world)
        yield
    finally:
        await wire.restore()


_HOW: Final = {
    "cut": _cut,
    "stalled": _stall,
    "half-open": _lose,
    "latency": _delay,
    "trickle": _narrow,
}
_REPEATING: Final = {"postgres", "smtp"}

FAULTS: Final = tuple(
    Named(
        f"{way}-{name}",
        partial(broken, way=way, how=how),
        frozenset({f"way to {way}"}),
        repeats_mails=way in _REPEATING,
    )
    for way in ("amqp", "publishing", "postgres", "smtp")
    for name, how in _HOW.items()
)
