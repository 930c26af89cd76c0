"""A story at its work, and what comes of deliveries that end the process which has them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.contacts import NOW, delivery
from tests.fakes import FakeAttempts, FakeLane, Lines
from worker.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.envelope import Delivery, Lane, Story
    from worker.suspects import Attempts

_MOST_DEATHS = 100


class DiedError(BaseException):
    """The process is gone: no handler of the program sees it."""


def suspects(lines: Lines | None = None) -> Suspects:
    return Suspects(lambda: NOW, (lines or Lines()).log)


async def work(story: Story, lane: Lane) -> None:
    """As a role has it done, with nothing tried before."""
    await suspects().run(lane, story, FakeAttempts())


def sent(*names: str) -> list[Delivery]:
    return [delivery(b"x", message_id=name) for name in names]


def again(batch: Sequence[Delivery]) -> list[Delivery]:
    """As the broker hands it out another time."""
    return [replace(each, redelivered=True) for each in batch]


@dataclass
class MortalStory:
    """Dies of some messages, of some even while it puts them away, unless they are stripped."""

    deadly: frozenset[str] = frozenset()
    stubborn: frozenset[str] = frozenset()
    tried: list[list[str]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    condemned: list[Delivery] = field(default_factory=list)

    async def take(self, batch: Sequence[Delivery]) -> None:
        names = [each.message_id or "" for each in batch]
        self.tried.append(names)
        if self.deadly & set(names):
            raise DiedError
        self.taken += names

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        if any(each.message_id in self.stubborn and each.headers for each in batch):
            raise DiedError
        self.condemned += batch

    @property
    def given_up(self) -> list[str]:
        return [each.message_id or "" for each in self.condemned]


async def live_on(
    story: Story, attempts: Attempts, batch: Sequence[Delivery], lines: Lines | None = None
) -> int:
    """Process after process has the batch, until one has settled it; how many died of it."""
    for deaths in range(_MOST_DEATHS):
        lane = FakeLane([list(batch)])
        try:
            await suspects(lines).run(lane, story, attempts)
        except DiedError:
            batch = again(batch)
            continue
        assert lane.settled == 1
        return deaths
    raise AssertionError(f"{_MOST_DEATHS} processes died of it")
