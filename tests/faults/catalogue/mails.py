"""A mail server that is away, slow, or takes no mails."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue.fault import Named
from tests.faults.wires.mail_server import Mode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.faults.world import World

_SLOW_SECONDS: Final = 0.8
_SOFT: Final = (
    Mode({"MAIL": "451 4.3.0 later"}),
    Mode({"RCPT": "450 4.2.1 greylisted"}),
    Mode({"DATA": "452 4.3.1 no room"}),
)
_LEAVING: Final = (Mode({"MAIL": "421 4.3.2 going down"}, takes_leave=True),)
_SLOW: Final = (Mode(seconds=_SLOW_SECONDS),)
_HANGING_UP: Final = (Mode(hangs_up="taken"), Mode(hangs_up="thrown away"))


@asynccontextmanager
async def away(world: World) -> AsyncIterator[None]:
    """It refuses connections, and those that there were are broken."""
    try:
        await world.mail_server.down()
        yield
    finally:
        await world.mail_server.restore()


@asynccontextmanager
async def behaving(world: World, *, modes: Sequence[Mode]) -> AsyncIterator[None]:
    """It behaves in one of these ways."""
    try:
        world.mail_server.mode = world.chance.choice(modes)
        yield
    finally:
        await world.mail_server.restore()


SERVER: Final = frozenset({"mail server"})
FAULTS: Final = (
    Named("mail-server-away", away, SERVER),
    Named("mail-server-slow", partial(behaving, modes=_SLOW), SERVER),
    Named("mail-server-refusing", partial(behaving, modes=_SOFT), SERVER),
    Named("mail-server-leaving", partial(behaving, modes=_LEAVING), SERVER),
    Named("mail-server-hanging-up", partial(behaving, modes=_HANGING_UP), SERVER),
)
