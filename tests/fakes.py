"""In-memory stand-ins for what the stories declare; the contract tests hold them to the real.

Each keeps what it was given, so that a test asserts on what became of it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from structlog.testing import CapturingLogger

from worker.domain.facts import Facts
from worker.envelope import Rejection
from worker.errors import BatchRejected, Outage, StaleSession
from worker.registration import Acceptance, Claims, Earlier, Repetition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from structlog.typing import FilteringBoundLogger

    from worker.envelope import Delivery, Key, Resumed
    from worker.register import DatedFact
    from worker.registration import Judged, Registration


class Lines:
    """A log, and the lines that were written to it."""

    def __init__(self) -> None:
        self._kept = CapturingLogger()
        self.log: FilteringBoundLogger = structlog.wrap_logger(
            self._kept,
            processors=[lambda _logger, method, event: ((), {**event, "level": method})],
            wrapper_class=structlog.make_filtering_bound_logger(10),
        )

    @property
    def all(self) -> list[dict[str, Any]]:
        return [dict(call.kwargs) for call in self._kept.calls]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.all if line["event"] == event]


@dataclass
class FakeLane:
    """Hands out the batches that it was made with; counts what was settled."""

    batches: list[list[Delivery]]
    settled: int = 0

    async def batch(self) -> Sequence[Delivery]:
        return self.batches.pop(0) if self.batches else ()

    async def settle(self) -> None:
        self.settled += 1


def _earlier(asked: Registration) -> Earlier:
    digests = {asked.digest, asked.resumed.digest if asked.resumed else asked.digest}
    return Earlier(frozenset(digests), asked.id, asked.klantcontact.zaak)


Letter = tuple["Key | str | None", bytes]
"""What tells one dead letter from another: its key and digest."""


def letter(rejected: Rejection) -> Letter:
    envelope = rejected.envelope
    return envelope.key if envelope else rejected.delivery.message_id, rejected.digest


@dataclass
class FakeStore:
    """The intake's store: a transaction's work counts when it is left without an error.

    `rejects` says which klantcontact the database refuses, `odd` which dead letter, `full` that it
    takes none, `down` that it cannot be reached, `stale` how many sessions are stale, `defect` for
    which message a look-up fails in a way that nobody thought of; `attempts` are those of dead
    letters that are due.
    """

    known: Facts = field(default_factory=Facts)
    rejects: Callable[[Acceptance], bool] = lambda _: False
    defect: Callable[[Registration], bool] = lambda _: False
    down: bool = False
    stale: int = 0
    full: bool = False
    odd: Callable[[Rejection], bool] = lambda _: False
    berichten: dict[Key, Earlier] = field(default_factory=dict)
    bound: dict[bytes, Key] = field(default_factory=dict)
    repeated: list[Repetition] = field(default_factory=list)
    contacts: list[Acceptance] = field(default_factory=list)
    dead_letters: dict[Letter, list[Rejection]] = field(default_factory=dict)
    attempts: dict[UUID, int] = field(default_factory=dict)
    transactions: int = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[FakeTransaction]:
        self.transactions += 1
        if self.down:
            raise Outage("down")
        if self.stale:
            self.stale -= 1
            raise StaleSession("SQLSTATE 0A000")
        within = FakeTransaction(self)
        yield within
        self.berichten.update(within.claimed)
        self.contacts += within.accepted
        self.repeated += within.repeated
        for each in within.rejected:
            self.dead_letters.setdefault(letter(each), []).append(each)

    @property
    def codes(self) -> list[str]:
        return [str(each[-1].code) for each in self.dead_letters.values()]


@dataclass
class FakeTransaction:
    """What is to count when the transaction ends well."""

    store: FakeStore
    claimed: dict[Key, Earlier] = field(default_factory=dict)
    accepted: list[Acceptance] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    repeated: list[Repetition] = field(default_factory=list)

    async def claim(self, asked: Sequence[Registration], now: datetime) -> Claims:
        del now
        for each in asked:
            if each.identity.binding:
                self.store.bound.setdefault(each.identity.binding, each.bound_key)
        reused = frozenset(
            each.envelope.key
            for each in asked
            if each.identity.binding and self.store.bound[each.identity.binding] != each.bound_key
        )
        fresh = [each for each in asked if each.envelope.key not in reused]
        keys = {each.envelope.key: _earlier(each) for each in fresh}
        before = {key: self.store.berichten[key] for key in keys if key in self.store.berichten}
        self.claimed = {key: claim for key, claim in keys.items() if key not in before}
        return Claims(before, reused)

    async def facts(self, asked: Sequence[Registration]) -> Facts:
        if any(self.store.defect(each) for each in asked):
            raise ZeroDivisionError
        return self.store.known

    async def still_due(self, resumed: Sequence[Resumed]) -> set[UUID]:
        attempts = self.store.attempts
        return {
            each.dead_letter for each in resumed if attempts.get(each.dead_letter) == each.attempt
        }

    async def release(self, claims: Sequence[Key]) -> None:
        for each in claims:
            del self.claimed[each]

    async def beyond_room(self, waiting: Sequence[Rejection]) -> set[UUID]:
        del waiting
        return set()

    async def write(self, judged: Sequence[Judged], now: datetime) -> dict[UUID, UUID]:
        del now
        accepted = [each for each in judged if isinstance(each, Acceptance)]
        rejected = [each for each in judged if isinstance(each, Rejection)]
        if (
            any(self.store.rejects(each) for each in accepted)
            or any(map(self.store.odd, rejected))
            or (rejected and self.store.full)
        ):
            raise BatchRejected("SQLSTATE 23514, constraint None")
        for each in rejected:
            self.claimed.pop(each.claim or ("", "", ""), None)
        self.accepted += accepted
        self.rejected += rejected
        self.repeated += [each for each in judged if isinstance(each, Repetition)]
        kept: dict[Letter, UUID] = {}
        for each in rejected:
            before = self.store.dead_letters.get(letter(each))
            kept.setdefault(letter(each), before[0].id if before else each.id)
        return {each.id: kept[letter(each)] for each in rejected}


@dataclass
class FakeRegister:
    """The register's store: the newest of each stands; `rejects` is what the database refuses."""

    rejects: Callable[[DatedFact], bool] = lambda _: False
    full: bool = False
    facts: dict[tuple[str, str], DatedFact] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    by: list[str] = field(default_factory=list)

    async def put(
        self, facts: Sequence[DatedFact], rejected: Sequence[Rejection], now: datetime, by: str
    ) -> int:
        del now
        if any(map(self.rejects, facts)) or (rejected and self.full):
            raise BatchRejected("SQLSTATE 22021, constraint None")
        self.rejected += rejected
        self.by.append(by)
        stored = set()
        for each in facts:
            key = each.fact.soort, each.fact.identificatie
            if key not in self.facts or self.facts[key].time <= each.time:
                self.facts[key] = each
                stored.add(key)
        return len(stored)


@dataclass
class FakeAttempts:
    """Attempts by digest; `down` says that it cannot be reached, `asked` how often it was."""

    made: dict[bytes, int] = field(default_factory=dict)
    down: bool = False
    asked: int = 0

    async def earlier(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        self._ask()
        return {each: self.made[each] for each in digests if self.made.get(each)}

    async def count(self, digests: Sequence[bytes], now: datetime) -> None:
        del now
        self._ask()
        assert len(set(digests)) == len(digests)
        for each in digests:
            self.made[each] = self.made.get(each, 0) + 1

    async def uncount(self, attempts: Mapping[bytes, int]) -> None:
        self._ask()
        for each, number in attempts.items():
            if each in self.made:
                self.made[each] = max(0, self.made[each] - number)

    async def forget(self, digests: Sequence[bytes]) -> None:
        self._ask()
        for each in digests:
            self.made.pop(each, None)

    def _ask(self) -> None:
        self.asked += 1
        if self.down:
            raise Outage("the store of attempts is down")
