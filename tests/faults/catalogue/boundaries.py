"""Workers killed at exactly the moments at which a message could be lost or doubled."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue.fault import Named
from tests.faults.wires import boundary
from tests.faults.world import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.wires.boundary import Boundary
    from tests.faults.world import World

_SECONDS: Final = 20.0
_SKIPPED: Final = 4
_WIRES: Final = {
    boundary.BEFORE_COMMIT: "postgres",
    boundary.AFTER_COMMIT: "postgres",
    boundary.ACK: "amqp",
    boundary.AFTER_PUBLISH: "amqp",
    boundary.AFTER_DATA: "smtp",
}


@asynccontextmanager
async def killed(world: World, *, at: Boundary) -> AsyncIterator[None]:
    """Whichever worker comes to that moment first, or some moments later."""
    wire = getattr(world, _WIRES[at])
    with wire.watch(at, skipped=world.chance.randrange(_SKIPPED)) as watch:
        try:
            await asyncio.wait_for(watch.struck.wait(), _SECONDS)
        except TimeoutError:
            message = f"no worker came to {at.name} within {_SECONDS:.0f} s"
            raise Unavailable(message) from None
    yield


FAULTS: Final = tuple(
    Named(at.name, partial(killed, at=at), frozenset({"workers"}), repeats_mails=True)
    for at in _WIRES
)
