"""Resumption: from an id on `klantcontact.hervat` to a dead letter that is judged anew.

The body, and the identity that was proven when the message first came, are read from the
store: the broker carries an id, and whoever could forge one would only cause work that was due.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from worker.envelope import Delivery
    from worker.intake import Intake
    from worker.logs import Log
    from worker.register import ZakenIntake
    from worker.stored import Stored

    _Act = Callable[[Sequence[Stored]], Awaitable[None]]


class Letters(Protocol):
    """Where dead letters are kept."""

    async def due(self, ids: Sequence[UUID]) -> Sequence[tuple[UUID, int]]:
        """Those of `ids` that were called back or wait, each with its size in bytes."""

    async def load(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        """Take them out."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """The way of a dead letter that comes back; each goes to the story that it came from."""

    letters: Letters
    contacts: Intake
    facts: ZakenIntake
    zaken_queue: str
    batch_bytes: int
    """How much is taken out at once: the broker's own limits count ids."""
    log: Log

    async def take(self, batch: Sequence[Delivery]) -> None:
        """Judge anew what is still to be; what somebody dealt with meanwhile is left alone."""
        await self._each(batch, self.contacts.retake, self.facts.retake)

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        """Put those back that ended the program each time, unread."""
        await self._each(batch, self.contacts.recondemn, self.facts.recondemn)

    async def _each(self, batch: Sequence[Delivery], contacts: _Act, facts: _Act) -> None:
        ids = {found for each in batch if (found := _named(each))}
        due = await self.letters.due(sorted(ids)) if ids else ()
        for part in _parts(due, self.batch_bytes):
            stored = await self.letters.load(part)
            of_contacts = [each for each in stored if each.delivery.queue in self._contact_queues]
            of_facts = [each for each in stored if each.delivery.queue == self.zaken_queue]
            if of_contacts:
                await contacts(of_contacts)
            if of_facts:
                await facts(of_facts)
        self.log.info("hervat", received=len(batch), due=len(due))

    @property
    def _contact_queues(self) -> Mapping[str, str]:
        return self.contacts.reader.kanalen


def _parts(due: Sequence[tuple[UUID, int]], most: int) -> Iterator[list[UUID]]:
    """Parts of up to `most` bytes each, or of one that is larger."""
    part: list[UUID] = []
    size = 0
    for each, bytes_ in due:
        if part and size + bytes_ > most:
            yield part
            part, size = [], 0
        part.append(each)
        size += bytes_
    if part:
        yield part


def _named(delivery: Delivery) -> UUID | None:
    try:
        return UUID(delivery.message_id or "")
    except ValueError:
        return None
