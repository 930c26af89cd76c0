"""Suspects: deliveries that come again, of which one may have ended the process that had it.

Such a message (a crash in a library, memory, a loop without an end) would come back to the next
process and end that, for ever. So what is redelivered is counted, and the count committed, before
it is tried; and what was tried before without a result is tried with ever fewer others, then
alone, and in the end no more: it becomes a dead letter that nobody reads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from worker.concurrency import Deadline
from worker.errors import Outage
from worker.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from worker.envelope import Delivery, Lane, Story
    from worker.logs import Log

# How many are tried at once, by how often they were before. At first all: after a restart of the
# broker thousands come again that did nothing. Then few: each end of a process leaves only those
# suspect that were tried with the culprit, 3 of them to be tried alone.
_AT_ONCE: Final = {1: 32, 2: 4}
_ALONE: Final = 3
# Once may be chance, as when the process is killed for another reason at that very moment.
_CONDEMNED: Final = _ALONE + 3
# Putting it away doesn't go well either: it must be something in its headers.
_STRIPPED: Final = _CONDEMNED + 3
_UNCOUNT_SECONDS: Final = 1.0


class Attempts(Protocol):
    """Where attempts are counted, by a delivery's digest. Each call is committed or an Outage."""

    async def earlier(self, digests: Sequence[bytes]) -> Mapping[bytes, int]:
        """How often each was tried without a result; what never was may be missing."""

    async def count(self, digests: Sequence[bytes], now: datetime) -> None:
        """One attempt more of each; they differ."""

    async def uncount(self, attempts: Mapping[bytes, int]) -> None:
        """So many attempts less."""

    async def forget(self, digests: Sequence[bytes]) -> None:
        """They had a result."""


class _Suspect(NamedTuple):
    delivery: Delivery
    digest: bytes
    tries: int


@dataclass(slots=True)
class Suspects:
    """One for the process, whatever its roles: it ends as a whole.

    An outage is no message's fault. Where it keeps an attempt from being taken back, that is owed,
    and remembered until the database can be reached again.
    """

    clock: Callable[[], datetime]
    log: Log
    _turns: Turns = field(default_factory=Turns)
    _owed: Counter[bytes] = field(default_factory=Counter)

    async def run(self, lane: Lane, story: Story, attempts: Attempts) -> None:
        """Work until the lane ends; raises Outage with the batch in hand not acknowledged."""
        while batch := await lane.batch():
            condemned = await self._take(batch, story, attempts)
            await lane.settle()
            # Not before: the end of the process would bring it again, and known for nothing.
            if condemned:
                await attempts.forget(condemned)

    async def _take(
        self, batch: Sequence[Delivery], story: Story, attempts: Attempts
    ) -> list[bytes]:
        """Everything of the batch, the least suspect first; the digests of what was condemned."""
        if self._owed:
            await self._repay(attempts)
        # What comes with them is suspect too: it may be a copy, as of what is offered again.
        if not any(each.redelivered for each in batch):
            async with self._turns.together():
                await story.take(batch)
            return []
        suspects = await _looked_up(batch, attempts)
        for few in _parts(suspects):
            await self._try(few, story, attempts)
        return sorted({each.digest for each in suspects if each.tries >= _CONDEMNED})

    async def _try(self, few: Sequence[_Suspect], story: Story, attempts: Attempts) -> None:
        """Some that were tried as often as each other, counted first."""
        tries = few[0].tries
        digests = sorted({each.digest for each in few})
        # Others that end the process meanwhile must not count against one that is tried alone.
        async with self._turns.alone() if tries >= _ALONE else self._turns.together():
            self._say(few)
            try:
                await attempts.count(digests, self.clock())
                if tries < _CONDEMNED:
                    await story.take([each.delivery for each in few])
                    await attempts.forget(digests)
                else:
                    await story.condemn([_put_away(each) for each in few])
                    await attempts.uncount(Counter(digests))
            except (Outage, asyncio.CancelledError):
                self._owed.update(digests)
                with suppress(Outage, TimeoutError):
                    async with Deadline(_UNCOUNT_SECONDS):
                        await self._repay(attempts)
                raise

    async def _repay(self, attempts: Attempts) -> None:
        """Take back what is owed; if that fails, or may have failed, it stays owed."""
        owed, self._owed = self._owed, Counter()
        try:
            await attempts.uncount(owed)
        except BaseException:
            self._owed.update(owed)
            raise

    def _say(self, few: Sequence[_Suspect]) -> None:
        tries = few[0].tries
        if tries >= _CONDEMNED:
            for each in few:
                sent = each.delivery
                self.log.error(
                    "opgegeven", bericht=sent.message_id, queue=sent.queue, pogingen=tries
                )
        elif tries:
            self.log.warning("verdacht", received=len(few), pogingen=tries)


async def _looked_up(batch: Sequence[Delivery], attempts: Attempts) -> list[_Suspect]:
    """From the least suspect to the most."""
    known = [(each, digest(each)) for each in batch]
    earlier = await attempts.earlier(sorted({each for _, each in known}))
    found = [_Suspect(each, name, earlier.get(name, 0)) for each, name in known]
    return sorted(found, key=_tries)


def _parts(suspects: Iterable[_Suspect]) -> Iterator[Sequence[_Suspect]]:
    for tries, alike in groupby(suspects, key=_tries):
        all_ = list(alike)
        most = _AT_ONCE.get(tries, 1) if tries else len(all_)
        yield from (all_[start : start + most] for start in range(0, len(all_), most))


def _tries(suspect: _Suspect) -> int:
    return suspect.tries


def _put_away(suspect: _Suspect) -> Delivery:
    """As it came, with its token, so that it can be retried; without, where that is not to be."""
    if suspect.tries < _STRIPPED:
        return suspect.delivery
    return replace(suspect.delivery, headers={}, timestamp=None, reply_to=None)


def digest(delivery: Delivery) -> bytes:
    """SHA-256 of what tells a delivery from others, and is the same however often it comes."""
    named = (delivery.queue, delivery.message_id or "")
    parts = [*(each.encode(errors="surrogatepass") for each in named), delivery.body]
    made = sha256()
    for part in parts:
        made.update(len(part).to_bytes(8))
        made.update(part)
    return made.digest()
