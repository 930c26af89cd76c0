"""An intake that acknowledges a batch as it takes it: before the commit, not after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.wrong.launching import launch
from worker.clock import now
from worker.roles.apart import Guards
from worker.roles.intake import intake, token_keys
from worker.suspects import Suspects
from worker.undeliverable import Isolation

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from worker.envelope import Delivery, Lane, Story
    from worker.settings import Settings
    from worker.standing import Standing
    from worker.suspects import Attempts


class Hasty:
    """A lane of which everything that is handed out is acknowledged already."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def batch(self) -> Sequence[Delivery]:
        """A batch that nobody will bring again."""
        taken = await self._lane.batch()
        await self._lane.settle()
        return taken

    async def settle(self) -> None:
        """It is too late for that."""


class HastySuspects(Suspects):
    """The real one, on such lanes."""

    async def run(self, lane: Lane, story: Story, attempts: Attempts) -> None:
        """As the real one."""
        await super().run(Hasty(lane), story, attempts)


async def _intake(settings: Settings, stop: asyncio.Event, standing: Standing) -> None:
    log = standing.log
    proofs = token_keys(settings, log)
    guards = Guards(HastySuspects(now, log), Isolation(log))
    await intake(settings, stop, standing, proofs=proofs, guards=guards)


if __name__ == "__main__":
    launch(_intake, "intake")
