"""Every fault that can be made, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.faults.catalogue import (
    alarms,
    boundaries,
    disk,
    greedy,
    locks,
    mails,
    outages,
    processes,
    queues,
    schema,
    sessions,
    undeliverable,
    ways,
)

if TYPE_CHECKING:
    from tests.faults.catalogue.fault import Named

_FAMILIES: Final = (
    processes,
    boundaries,
    outages,
    alarms,
    queues,
    schema,
    sessions,
    greedy,
    locks,
    disk,
    ways,
    mails,
    undeliverable,
)

CATALOGUE: Final[dict[str, Named]] = {
    fault.name: fault for family in _FAMILIES for fault in family.FAULTS
}
