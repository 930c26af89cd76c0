"""RabbitMQ out of memory or disk: it takes nothing from those who publish."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.outages import BROKER
from tests.faults.catalogue.persistence import persistently
from tests.faults.catalogue.services import rabbitmqctl
from tests.faults.world import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.world import World

MEMORY: Final = (
    "memory",
    "vm_memory_monitor:get_vm_memory_high_watermark().",
    "set_vm_memory_high_watermark",
    "0.0001",
)
DISK: Final = (
    "disk",
    "rabbit_disk_monitor:get_disk_free_limit().",
    "set_disk_free_limit",
    "1000000GB",
)
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_ALARMS: Final = "rabbit_alarm:get_alarms()."


@asynccontextmanager
async def alarmed(world: World, *, of: tuple[str, str, str, str]) -> AsyncIterator[None]:
    """Publishers are blocked while it lasts."""
    what, ask, setting, unreachable = of
    before = await rabbitmqctl(world, "eval", ask)
    if not _NUMBER.fullmatch(before):
        raise Unavailable(f"the limit of RabbitMQ's {what} is {before!r}, no number")
    try:
        await rabbitmqctl(world, setting, unreachable)
        if what not in await rabbitmqctl(world, "eval", _ALARMS):
            raise Unavailable(f"RabbitMQ raised no alarm of its {what}")
        yield
    finally:
        await persistently(partial(rabbitmqctl, world, setting, before))
        await persistently(lambda: _quiet(world, what))


async def _quiet(world: World, what: str) -> None:
    if what in await rabbitmqctl(world, "eval", _ALARMS):
        raise Unavailable(f"RabbitMQ's alarm of its {what} stays")


FAULTS: Final = (
    Named("rabbitmq-memory-alarm", partial(alarmed, of=MEMORY), BROKER),
    Named("rabbitmq-disk-alarm", partial(alarmed, of=DISK), BROKER),
)
