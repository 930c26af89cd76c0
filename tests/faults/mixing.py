"""Which faults come when, for how long, and what came of each."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue import CATALOGUE
from tests.faults.catalogue.persistence import FAILURES
from tests.faults.world import Unavailable

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

    from tests.faults.catalogue.fault import Named
    from tests.faults.recovery import Recovery
    from tests.faults.world import World

_HELD: Final = (0.3, 4.0)
_LONG: Final = (8.0, 12.0)
_LONG_SHARE: Final = 0.1
# What stands still is to find its leases over when it goes on.
_PAUSED: Final = (4.0, 20.0)
_BETWEEN: Final = (0.2, 1.0)
_TWO_SHARE: Final = 0.25


@dataclass(slots=True)
class Strike:
    """One fault, or two at a time; moments in seconds since 1970, durations in seconds."""

    names: tuple[str, ...]
    made: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    began: float = 0.0
    left: float = 0.0
    held: float = 0.0
    recovery: float = 0.0


@dataclass
class Mixing:
    """Strikes one after the other; all kinds have their turn before one comes again."""

    world: World
    chance: random.Random
    kinds: Sequence[str]
    recovery: Recovery
    strikes: list[Strike] = field(default_factory=list)
    catalogue: Mapping[str, Named] = field(default_factory=lambda: CATALOGUE)

    async def strike(self, count: int) -> None:
        """Until so many were made; one that cannot be made is on record as such."""
        deck = self.deck()
        for names in islice(deck, 2 * count):
            if sum(len(each.made) for each in self.strikes) >= count:
                return
            strike = Strike(names)
            self.strikes.append(strike)
            await self._one(strike)
            await asyncio.sleep(self.chance.uniform(*_BETWEEN))

    def deck(self) -> Iterator[tuple[str, ...]]:
        """What is made at the same time, without an end."""
        while True:
            kinds = list(self.kinds)
            self.chance.shuffle(kinds)
            while kinds:
                one = kinds.pop()
                yield (one, *self._another(one, kinds))

    def _another(self, one: str, kinds: list[str]) -> list[str]:
        """Now and then a second one that does not undo the first."""
        fitting = [each for each in kinds if not _touch(self.catalogue[one], self.catalogue[each])]
        if not fitting or self.chance.random() >= _TWO_SHARE:
            return []
        kinds.remove(fitting[0])
        return [fitting[0]]

    def _held(self, strike: Strike) -> float:
        if "worker-paused" in strike.names:
            return self.chance.uniform(*_PAUSED)
        return self.chance.uniform(*(_LONG if self.chance.random() < _LONG_SHARE else _HELD))

    async def _one(self, strike: Strike) -> None:
        held = self._held(strike)
        strike.began = time.time()
        async with AsyncExitStack() as stack:
            await self.make(strike, stack)
            if strike.made:
                await asyncio.sleep(held)
        strike.left, strike.held = time.time(), held
        if strike.made:
            strike.recovery = await self.recovery.seconds()

    async def make(self, strike: Strike, stack: AsyncExitStack) -> None:
        """Each of its faults, until `stack` ends; those that cannot be made are on record."""
        # Those that wait for a worker to come to some moment need the others to be well.
        for name in sorted(strike.names, key=lambda name: "workers" not in self._touched(name)):
            try:
                await stack.enter_async_context(self.catalogue[name](self.world))
            except Unavailable as reason:
                strike.unavailable.append(f"{name}: {reason}")
            except FAILURES as failure:
                if not strike.made:
                    raise
                # The first fault took away what the second one needs to be made.
                strike.unavailable.append(f"{name}: {type(failure).__name__}")
            else:
                strike.made.append(name)

    def _touched(self, name: str) -> frozenset[str]:
        return self.catalogue[name].touches


def _touch(one: Named, other: Named) -> bool:
    return bool(one.touches & other.touches)
