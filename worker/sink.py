"""Sink: what the broker itself dead-lettered goes from `klantcontact.dlq` into the dead letters.

A batch is taken apart, put on record in one transaction, and only then acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from worker.condemned import IN_NO_FORM
from worker.deaths import bare
from worker.errors import Outage
from worker.message_log import say_unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.deaths import Dead, Deaths
    from worker.envelope import Delivery
    from worker.logs import Log


class Outcome(StrEnum):
    """What became of it."""

    KEPT = "bewaard"
    ON_RECORD = "herhaald"
    REGISTERED = "geregistreerd"
    REOPENED = "heropend"
    OFFERED_AGAIN = "opnieuw aangeboden"
    GIVEN_UP = "mislukt"
    OVERTAKEN = "achterhaald"


@dataclass(frozen=True, slots=True)
class Sunk:
    """The outcome, with the dead letter that it is in, if it is in one."""

    outcome: Outcome
    dead_letter: UUID | None = None


class Store(Protocol):
    """Where dead letters are kept."""

    async def put(self, dead: Sequence[Dead], now: datetime) -> Sequence[Sunk]:
        """Put all on record, in one transaction; what became of each, in order.

        Raises Outage or BatchRejected.
        """


@dataclass(frozen=True, slots=True)
class Sink:
    """The way of a message that the broker gave up, from delivery to commit."""

    store: Store
    deaths: Deaths
    clock: Callable[[], datetime]
    log: Log

    async def take(self, batch: Sequence[Delivery]) -> None:
        """When this returns, everything of the batch is on record."""
        now = self.clock()
        await self._put([self.deaths.read(delivery, now) for delivery in batch], now)

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        """Keep what ended the program each time, unread."""
        now = self.clock()
        await self._put([self.deaths.condemned(delivery, now) for delivery in batch], now)

    async def undeliverable(self, delivery: Delivery, said: str) -> UUID | None:
        """Put one on record that the broker could not deliver; the dead letter it is in, if any."""
        now = self.clock()
        (sunk,) = await self._put([self.deaths.undeliverable(delivery, said, now)], now)
        return sunk.dead_letter

    async def _put(self, dead: Sequence[Dead], now: datetime) -> list[Sunk]:
        """One transaction; what the database or a defect refuses is halved to the culprit."""
        try:
            sunk = await self.store.put(dead, now)
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other messages)
            return await self._halve(dead, now, error)
        for each, outcome in zip(dead, sunk, strict=True):
            self._say(each, outcome)
        return list(sunk)

    async def _halve(self, dead: Sequence[Dead], now: datetime, error: Exception) -> list[Sunk]:
        if len(dead) > 1:
            middle = len(dead) // 2
            first = await self._put(dead[:middle], now)
            return [*first, *await self._put(dead[middle:], now)]
        (culprit,) = dead
        say_unexpected(self.log, culprit.rejection.delivery.message_id, error)
        left = bare(culprit)
        if left == culprit:
            # Not to be kept in any form: it stays where it is, and so does the rest of the queue.
            raise Outage(IN_NO_FORM)
        return await self._put([left], now)

    def _say(self, dead: Dead, sunk: Sunk) -> None:
        rejection = dead.rejection
        mail = {} if dead.mail is None else {"mail": str(dead.mail)}
        self.log.info(
            "dead_letter",
            outcome=str(sunk.outcome),
            code=str(rejection.code),
            queue=rejection.delivery.queue,
            bericht=rejection.message_id,
            applicatie=rejection.delivery.user_id,
            dead_letter=None if sunk.dead_letter is None else str(sunk.dead_letter),
            **mail,
        )
