"""What is put away of a queue at which the broker fails, over a broker that a test can follow."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests.contacts import delivery
from tests.fakes import Lines
from worker.concurrency import Deadline
from worker.errors import CannotTake, DeliveryAborted, Outage
from worker.undeliverable import Attempt, Held, Isolation, Means, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from worker.envelope import Delivery, Lane
    from worker.undeliverable import Enough, Work

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
    speaks: bool = True
    processed: list[str] = field(default_factory=list)
    unsettled: dict[int, str] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    taken: int = 0
    on_take: Callable[[FakeBroker], None] = lambda _: None

    async def attempt(self, queue: str, work: Work, enough: Enough) -> Attempt:
        del queue, work, enough
        await asyncio.sleep(0)
        if self.trouble:
            self.trouble -= 1
            return Attempt(0, SAID)
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
    leases: int = 0

    async def blocked(self, queue: str, said: str, reason: str | None = None) -> None:
        del said
        self.blocked_now[queue] = reason
        self.reasons.append(reason)

    async def free(self, queue: str) -> None:
        self.blocked_now.pop(queue, None)

    async def leased(self, queue: str) -> bool:
        del queue
        self.others = max(0, self.others - 1)
        return self.others > 0

    async def lease(self, queue: str) -> bool:
        del queue
        self.leases += 1
        return True

    async def release(self, queue: str) -> None:
        del queue


@dataclass
class FakeKeeper:
    broker: FakeBroker
    kept: list[str | None] = field(default_factory=list)
    outage: bool = False

    async def undeliverable(self, kept: Delivery, said: str) -> UUID | None:
        assert said == SAID
        assert kept.message_id in self.broker.unsettled.values()
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
        self.isolation = Isolation(self.lines.log)
        self.broker, self.store, self.keeper = broker, FakeStore(), FakeKeeper(broker)
        self.consumer = FakeConsumer()
        self.stop = asyncio.Event()
        with pytest.raises(DeliveryAborted), self.isolation.noticing([QUEUE]):
            raise DeliveryAborted(SAID)

    async def run(self) -> None:
        async def work(lane: Lane) -> None:
            del lane

        ways = [Way([QUEUE, OTHER], [self.consumer], work)]
        means = Means(self.broker, self.store, self.keeper, 10_000)
        async with Deadline(60):
            await self.isolation.run(ways, means, self.stop)


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
    while "no AMQP 1.0" not in scene.store.reasons:  # noqa: ASYNC110 (a turn of the loop at a time)
        await asyncio.sleep(0)
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
