"""A message that was put away in `dead_letter`, as it is taken out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from worker.domain.identity import Identity
    from worker.envelope import Delivery, Key


@dataclass(frozen=True, slots=True)
class Recall:
    """A dead letter that is to be judged anew: its id is all that goes over the broker."""

    dead_letter: UUID


@dataclass(frozen=True, slots=True)
class Stored:
    """One dead letter, with all that is needed to judge it anew.

    `delivery` is as it came, `received` when it first came. `identity` is what its token proved
    then; None if that proved nothing, and it is to be judged by `delivery.headers` again.
    `edited` is the version of its content that is in force, in the contract's JSON; None while
    nobody edited it. `new_id` and `late` are what a person allowed for the next attempt.
    """

    id: UUID
    toestand: str
    attempt: int
    delivery: Delivery
    key: Key
    digest: bytes
    received: datetime
    time: datetime | None
    """The message's own time, if its envelope could be read."""
    identity: Identity | None
    deferrals: int = 0
    """How often it was put off since it last came."""
    version: int = 0
    """That of `edited`, from 1 on."""
    edited: bytes | None = None
    new_id: str | None = None
    late: bool = False

    @property
    def waits(self) -> bool:
        """Whether it is a deferral, and comes by its schedule."""
        return self.toestand == "wacht"
