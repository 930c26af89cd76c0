"""What is put away of a queue at which the broker fails, over a broker that a test can follow."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests.contacts import delivery
from tests.fakes import Lines
from tests.waiting import until
from worker import metrics
from worker.concurrency import Deadline
from worker.errors import CannotTake, DeliveryAborted, Outage
from worker.undeliverable import Attempt, Held, Isolation, Means, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from worker.envelope import Delivery, Lane
    from worker.undeliverable import Pace, Work

pytestmark = pytest.mark.unit

QUEUE = "klantcontact.registratie.balie"
OTHER = "klantcontact.zaken"
SAID = "541 INTERNAL_ERROR"


@dataclass
class FakeBroker:
    """One queue: names of messages, those that begin with "bad" cannot be delivered."""

    messages: list[str]
    trouble: int = 0
    """How many attempts end at once, whatever there is."""
    late: bool = False
    """Whether each attempt after those ends with a delivery."""
    away: bool = False
    up: asyncio.Event | None = None
    """What an attempt after those waits for."""
    attempts: int = 0
    one_by_one: list[bool] = field(default_factory=list)
    """How each attempt consumed."""
    speaks: bool = True
    processed: list[str] = field(default_factory=list)
    unsettled: dict[int, str] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    taken: int = 0
    on_take: Callable[[FakeBroker], None] = lambda _: None

    async def attempt(self, queue: str, work: Work, pace: Pace) -> Attempt:
        del queue, work
        self.attempts += 1
        self.one_by_one.append(pace.prefetch == 1)
        await asyncio.sleep(0)
        if self.away:
            raise Outage("RabbitMQ is away")
        if self.trouble:
            self.trouble -= 1
            return Attempt(0, SAID)
        if self.up is not None:
            await self.up.wait()
        if self.late:
            return Attempt(1, SAID)
        delivered = 0
        while self.messages:
            if self.messages[0].startswith("bad"):
                return Attempt(delivered, SAID)
            self.processed.append(self.messages.pop(0))
            delivered += 1
        return Attempt(delivered)

    @asynccontextmanager
    async def receiver(self, queue: str) -> AsyncIterator[FakeBroker]:
        del queue
        if not self.speaks:
            msg = "no AMQP 1.0"
            raise CannotTake(msg)
        try:
            yield self
        finally:
            self.messages[:0] = self.unsettled.values()
            self.unsettled.clear()

    async def take(self) -> Held | None:
        self.on_take(self)
        if not self.messages:
            return None
        name = self.messages.pop(0)
        self.taken += 1
        self.unsettled[self.taken] = name
        return Held(self.taken, 10, name.encode(), delivery(message_id=name))

    async def accept(self, held: Held) -> None:
        self.accepted.append(self.unsettled.pop(held.number))

    async def release(self, held: Held) -> None:
        self.messages.insert(0, self.unsettled.pop(held.number))


@dataclass
class FakeStore:
    others: int = 0
    """How often another process still has the lease."""
    blocked_now: dict[str, str | None] = field(default_factory=dict)
    reasons: list[str | None] = field(default_factory=list)
    away: bool = False
    """Whether the next `free` finds no database."""
    leases: int = 0
    leased_here: bool = False
    renewals: int = 0
    lost: int = 0
    """Before which renewal another process takes the lease."""

    async def blocked(self, queue: str, said: str, reason: str | None = None) -> None:
        del said
        self.blocked_now[queue] = reason
        self.reasons.append(reason)

    async def free(self, queue: str) -> None:
        if self.away:
            self.away = False
            raise Outage("PostgreSQL is away")
        self.blocked_now.pop(queue, None)

    async def leased(self, queue: str) -> bool:
        del queue
        self.others = max(0, self.others - 1)
        return self.others > 0

    async def lease(self, queue: str) -> bool:
        del queue
        self.leases += 1
        self.leased_here = True
        return True

    async def renew(self, queue: str) -> bool:
        del queue
        self.renewals += 1
        if self.renewals == self.lost:
            self.leased_here = False
        return self.leased_here

    async def release(self, queue: str) -> None:
        del queue
        self.leased_here = False


@dataclass
class FakeKeeper:
    broker: FakeBroker
    store: FakeStore
    kept: list[str | None] = field(default_factory=list)
    outage: bool = False

    async def undeliverable(self, kept: Delivery, said: str) -> UUID | None:
        assert said == SAID
        assert kept.message_id in self.broker.unsettled.values()
        assert self.store.leased_here
        if self.outage:
            raise Outage("PostgreSQL is away")
        self.kept.append(kept.message_id)
        return uuid4()


@dataclass
class FakeConsumer:
    queues: list[str] = field(default_factory=list)

    async def add(self, queue: str) -> None:
        self.queues.append(queue)


class Scene:
    """A role with two queues, after a delivery ended its connection."""

    def __init__(self, broker: FakeBroker) -> None:
        self.lines = Lines()
        self.isolation = Isolation(self.lines.log, heartbeat=timedelta(milliseconds=1))
        self.broker, self.store = broker, FakeStore()
        self.keeper = FakeKeeper(broker, self.store)
        self.consumer = FakeConsumer()
        self.stop = asyncio.Event()
        self.ends(QUEUE)

    def ends(self, *queues: str) -> None:
        """A delivery ends the connection that consumes these."""
        with pytest.raises(DeliveryAborted), self.isolation.noticing(queues):
            raise DeliveryAborted(SAID)

    async def run(self) -> None:
        async def work(lane: Lane) -> None:
            del lane

        ways = [Way([QUEUE, OTHER], [self.consumer], work)]
        means = Means(self.broker, self.store, self.keeper, 10_000)
        async with Deadline(60):
            await self.isolation.run(ways, means, self.stop)

    async def reason(self, words: str) -> None:
        """Wait until the reason with these words is on record."""

        async def known() -> bool:
            assert self.broker.attempts < 100
            return any(words in (each or "") for each in self.store.reasons)

        await until(known, words)


async def test_a_queue_that_can_be_consumed_goes_back_to_the_others_and_nothing_is_said() -> None:
    scene = Scene(FakeBroker(["goed"]))
    assert scene.isolation.together([QUEUE, OTHER]) == [OTHER]
    await scene.run()
    assert scene.isolation.together([QUEUE, OTHER]) == [QUEUE, OTHER]
    assert (scene.consumer.queues, scene.broker.processed) == ([QUEUE], ["goed"])
    assert scene.lines.of("queue_gestremd") == scene.lines.of("queue_hersteld") == []


async def test_another_outage_makes_no_queue_suspect() -> None:
    isolation = Isolation(Lines().log)
    with pytest.raises(Outage), isolation.noticing([QUEUE]):
        raise Outage("RabbitMQ is away")
    assert isolation.together([QUEUE]) == [QUEUE]


@pytest.mark.parametrize(
    "messages",
    [
        ["bad-1"],
        ["goed-1", "bad-1", "goed-2"],
        ["bad-1", "bad-2", "goed-1"],
        ["bad-1", "goed-1", "bad-2", "goed-2", "bad-3"],
        ["bad-1", "bad-1"],
    ],
)
async def test_what_is_bad_is_put_away_once_and_what_is_good_is_processed(
    messages: list[str],
) -> None:
    scene = Scene(FakeBroker(list(messages)))
    await scene.run()
    bad = sorted(each for each in messages if each.startswith("bad"))
    good = sorted(each for each in messages if not each.startswith("bad"))
    assert sorted(scene.broker.accepted) == bad
    assert sorted(each or "" for each in scene.keeper.kept) == bad
    assert sorted(scene.broker.processed) == good
    assert len(scene.lines.of("onleverbaar")) == len(bad)
    assert len(scene.lines.of("queue_hersteld")) == 1
    assert scene.store.blocked_now == {}


@pytest.mark.parametrize("trouble", range(1, 8))
async def test_trouble_that_passes_puts_no_good_message_away(trouble: int) -> None:
    scene = Scene(FakeBroker(["goed-1", "goed-2"], trouble))
    await scene.run()
    assert scene.keeper.kept == scene.broker.accepted == []
    assert sorted(scene.broker.processed) == ["goed-1", "goed-2"]


async def test_trouble_in_the_middle_of_the_experiment_puts_no_good_message_away() -> None:
    def again(broker: FakeBroker) -> None:
        if broker.taken == 1:
            broker.messages.insert(0, "ander")
            broker.on_take = lambda _: None

    # The first two attempts end, so that the good message is held as a suspect.
    broker = FakeBroker(["goed"], trouble=2)
    scene = Scene(broker)
    # Another message is at the head before the second look at the one that was released.
    broker.on_take = again
    released = broker.release

    async def release(held: Held) -> None:
        await released(held)
        broker.trouble += 1

    broker.release = release  # type: ignore[method-assign]
    await scene.run()
    assert scene.keeper.kept == broker.accepted == []
    assert sorted(broker.processed) == ["ander", "goed"]


async def test_without_amqp_1_0_the_queue_stays_blocked_until_there_is() -> None:
    scene = Scene(FakeBroker(["bad-1"], speaks=False))
    running = asyncio.create_task(scene.run())
    await scene.reason("no AMQP 1.0")
    assert scene.consumer.queues == []
    assert scene.lines.of("queue_gestremd")[-1]["reden"] == "no AMQP 1.0"
    scene.broker.speaks = True
    await running
    assert scene.broker.accepted == ["bad-1"]


async def test_an_outage_of_the_database_leaves_the_message_on_its_queue() -> None:
    scene = Scene(FakeBroker(["bad-1"]))
    scene.keeper.outage = True
    with pytest.raises(Outage):
        await scene.run()
    assert (scene.broker.accepted, scene.broker.messages) == ([], ["bad-1"])
    assert scene.isolation.together([QUEUE]) == []


async def test_while_another_process_puts_something_away_the_queue_is_left_alone() -> None:
    scene = Scene(FakeBroker(["bad-1"]))
    scene.store.others = 10**6
    running = asyncio.create_task(scene.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert scene.store.leases == 0
    scene.stop.set()
    await running
    assert scene.isolation.together([QUEUE]) == []


@pytest.mark.parametrize("lost", range(1, 5))
async def test_an_experiment_whose_lease_another_process_took_proves_nothing(lost: int) -> None:
    scene = Scene(FakeBroker(["bad-1"]))
    scene.store.lost = lost
    await scene.run()
    (line,) = [each for each in scene.lines.of("queue_gestremd") if each["reden"]]
    assert "another process took the lease" in str(line["reden"])
    assert (scene.store.leases, scene.broker.accepted) == (2, ["bad-1"])


@pytest.mark.parametrize("ends_at_once", [0, 1])
async def test_connections_that_end_after_a_delivery_are_tried_with_pauses_and_a_bound(
    ends_at_once: int,
) -> None:
    scene = Scene(FakeBroker([], trouble=ends_at_once, late=True))
    began = time.monotonic()
    running = asyncio.create_task(scene.run())
    await scene.reason("ends each connection after a delivery")
    assert time.monotonic() - began > 0.15 * scene.broker.attempts
    assert scene.broker.attempts < 20
    scene.broker.late = False
    await running
    assert scene.store.blocked_now == {}


def _blocked_metric() -> float | None:
    return metrics.REGISTRY.get_sample_value("klantcontact_queue_blocked", {"queue": QUEUE})


async def test_a_queue_that_outages_find_blocked_is_freed_after_them() -> None:
    scene = Scene(FakeBroker(["bad-1"], speaks=False))
    running = asyncio.create_task(scene.run())
    await scene.reason("no AMQP 1.0")
    scene.broker.away = True
    with pytest.raises(Outage):
        await running
    assert (scene.store.blocked_now, _blocked_metric()) == ({QUEUE: "no AMQP 1.0"}, 1)
    scene.broker.away = False
    scene.ends(QUEUE, OTHER)
    # An administrator purged the queue.
    scene.broker.messages.clear()
    await scene.run()
    assert (scene.store.blocked_now, _blocked_metric()) == ({}, 0)
    assert len(scene.lines.of("queue_hersteld")) == 1


async def test_a_queue_that_could_not_be_freed_in_an_outage_is_freed_after_it() -> None:
    scene = Scene(FakeBroker(["bad-1"]))
    scene.store.away = True
    with pytest.raises(Outage):
        await scene.run()
    assert scene.isolation.together([QUEUE]) == []
    await scene.run()
    assert scene.store.blocked_now == {}
    assert scene.isolation.together([QUEUE]) == [QUEUE]
    assert len(scene.lines.of("queue_hersteld")) == 1


async def test_a_blocked_queue_is_recorded_for_as_long_as_it_is() -> None:
    scene = Scene(FakeBroker([], trouble=1, up=asyncio.Event()))
    running = asyncio.create_task(scene.run())

    async def recorded() -> bool:
        return len(scene.store.reasons) > 10

    await until(recorded, "it is recorded again and again")
    # The second one is not over.
    assert scene.broker.attempts == 2
    assert scene.broker.up is not None
    scene.broker.up.set()
    await running
    assert scene.store.blocked_now == {}


async def test_a_queue_that_can_be_consumed_is_never_consumed_one_by_one() -> None:
    scene = Scene(FakeBroker(["goed"]))
    await scene.run()
    assert scene.broker.one_by_one == [False]


async def test_before_it_goes_back_to_the_others_a_queue_stays_up_at_its_usual_pace() -> None:
    scene = Scene(FakeBroker(["goed", "bad", "goed"]))
    await scene.run()
    assert scene.broker.one_by_one[0] is False
    assert True in scene.broker.one_by_one
    assert scene.broker.one_by_one[-1] is False


async def test_a_queue_whose_cause_another_process_put_away_is_soon_at_its_usual_pace() -> None:
    scene = Scene(FakeBroker(["goed"], trouble=1))
    scene.store.others = 2
    await scene.run()
    assert scene.broker.one_by_one[-1] is False
