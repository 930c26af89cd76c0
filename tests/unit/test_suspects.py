"""Deliveries that come again: counted, tried with ever fewer others, and given up in the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.contacts import delivery
from tests.fakes import FakeAttempts, FakeLane, Lines
from tests.suspected import DiedError, MortalStory, again, live_on, sent, suspects
from tests.waiting import DEADLINE
from worker.errors import Outage
from worker.suspects import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.envelope import Delivery

MANY = [f"m-{number}" for number in range(200)]
# As it came first, in a batch, among 32, among 4, and three times alone.
DEATHS = 7


@dataclass
class TroubledStory(MortalStory):
    """Is in an outage so many times, and shows its attempts while it is at work."""

    attempts: FakeAttempts = field(default_factory=FakeAttempts)
    outages: int = 0
    closing: bool = False
    seen: list[list[int]] = field(default_factory=list)

    async def take(self, batch: Sequence[Delivery]) -> None:
        self.seen.append([self.attempts.made.get(digest(each), 0) for each in batch])
        if self.outages:
            self.outages -= 1
            self.attempts.down = self.closing
            raise Outage("the database is down")
        await super().take(batch)


class LostLane(FakeLane):
    """The broker is gone before the acknowledgement."""

    async def settle(self) -> None:
        raise Outage("the broker is down")


async def test_what_comes_for_the_first_time_is_taken_together_and_costs_nothing() -> None:
    story, attempts, batch = MortalStory(), FakeAttempts(), sent(*MANY)
    await live_on(story, attempts, batch)
    assert (story.tried, attempts.asked) == ([MANY], 0)


async def test_a_batch_that_comes_again_is_taken_together_for_three_statements() -> None:
    story, attempts = MortalStory(), FakeAttempts()
    await live_on(story, attempts, again(sent(*MANY)))
    assert (story.tried, attempts.asked, attempts.made) == ([MANY], 3, {})


async def test_it_is_counted_before_it_is_tried() -> None:
    story = TroubledStory()
    fresh, old, older = sent("nieuw", "oud", "ouder")
    story.attempts.made[digest(older)] = 2
    await live_on(story, story.attempts, [*again([older, old]), fresh])
    assert (story.tried, story.seen) == ([["oud", "nieuw"], ["ouder"]], [[1, 1], [3]])


async def test_a_new_copy_with_every_process_does_not_hide_the_one_that_ends_them() -> None:
    story, attempts = MortalStory(frozenset({"een"})), FakeAttempts()
    (one,) = sent("een")
    came = [one]
    for _ in range(DEATHS):
        with pytest.raises(DiedError):
            await suspects().run(FakeLane([came]), story, attempts)
        came = [*again(came), one]
    await suspects().run(FakeLane([came]), story, attempts)
    assert (len(story.given_up), attempts.made) == (len(came), {})


async def test_one_that_ends_every_process_is_given_up_and_the_others_are_taken() -> None:
    story, attempts, lines = MortalStory(frozenset({"m-77"})), FakeAttempts(), Lines()
    assert await live_on(story, attempts, sent(*MANY), lines) == DEATHS
    assert story.given_up == ["m-77"]
    assert set(story.taken) == set(MANY) - {"m-77"}
    assert attempts.made == {}
    (line,) = lines.of("opgegeven")
    assert (line["bericht"], line["pogingen"], line["level"]) == ("m-77", 6, "error")


async def test_it_is_tried_with_ever_fewer_others_and_then_alone() -> None:
    story = MortalStory(frozenset({"m-77"}))
    await live_on(story, FakeAttempts(), sent(*MANY))
    assert [len(each) for each in story.tried if "m-77" in each] == [200, 200, 32, 4, 1, 1, 1]


async def test_several_that_end_every_process_are_all_given_up() -> None:
    deadly = frozenset(MANY[::20])
    story, attempts = MortalStory(deadly), FakeAttempts()
    deaths = await live_on(story, attempts, sent(*MANY))
    assert deaths <= DEATHS * len(deadly)
    # What is put away is so once more, where another one ends the process before they are settled.
    assert set(story.given_up) == deadly
    assert set(story.taken) == set(MANY) - deadly
    assert attempts.made == {}


async def test_the_least_suspect_are_taken_first() -> None:
    story, attempts = MortalStory(), FakeAttempts()
    batch = again(sent(*MANY[:100]))
    for number, each in enumerate(batch):
        attempts.made[digest(each)] = 5 - number // 20
    await live_on(story, attempts, batch)
    assert [len(each) for each in story.tried] == [20, *[4] * 5, *[1] * 60]
    assert story.tried[0] == MANY[80:100]
    assert story.tried[-1] == [MANY[19]]


async def test_the_same_message_twice_in_a_batch_is_one_suspect() -> None:
    story, attempts = MortalStory(frozenset({"een"})), FakeAttempts()
    assert await live_on(story, attempts, sent("een", "een", "twee")) == DEATHS
    assert (story.given_up, attempts.made) == (["een", "een"], {})


async def test_what_is_given_up_is_known_until_it_is_acknowledged() -> None:
    story, attempts = MortalStory(frozenset({"een"})), FakeAttempts()
    (one,) = again(sent("een"))
    attempts.made[digest(one)] = 6
    for _ in range(10):
        with pytest.raises(Outage, match="the broker is down"):
            await suspects().run(LostLane([[one]]), story, attempts)
    # With its token still: that it is put away again and again says nothing of its headers.
    assert all(each.headers for each in story.condemned)
    assert await live_on(story, attempts, [one]) == 0
    assert (story.tried, attempts.made) == ([], {})


async def test_one_that_ends_the_process_even_while_it_is_put_away_is_so_without_headers() -> None:
    story, attempts = MortalStory(frozenset({"een"}), frozenset({"een"})), FakeAttempts()
    (one,) = sent("een")
    assert await live_on(story, attempts, [one]) == DEATHS + 3
    (put_away,) = story.condemned
    assert put_away == replace(one, headers={}, redelivered=True)


@pytest.mark.parametrize("closing", [False, True], ids=["store is up", "store is down too"])
async def test_outages_are_nobodys_fault(closing: bool) -> None:  # noqa: FBT001 (a parameter)
    story = TroubledStory(outages=10, closing=closing)
    process, batch = suspects(), again(sent("een", "twee"))
    for _ in range(10):
        story.attempts.down = False
        with pytest.raises(Outage, match="the database is down"):
            await process.run(FakeLane([batch]), story, story.attempts)
    story.attempts.down = False
    await process.run(FakeLane([batch]), story, story.attempts)
    assert story.seen == [[1, 1]] * 11
    assert (story.condemned, story.attempts.made) == ([], {})


async def test_what_is_owed_is_taken_back_with_the_next_batch_whatever_that_is() -> None:
    story = TroubledStory(outages=1, closing=True)
    process, (one,) = suspects(), again(sent("een"))
    with pytest.raises(Outage):
        await process.run(FakeLane([[one]]), story, story.attempts)
    assert story.attempts.made == {digest(one): 1}
    with pytest.raises(Outage, match="the store of attempts is down"):
        await process.run(FakeLane([sent("twee")]), story, story.attempts)
    story.attempts.down = False
    await process.run(FakeLane([sent("twee")]), story, story.attempts)
    assert story.attempts.made == {digest(one): 0}


async def test_an_outage_after_ends_of_the_process_leaves_those_counted() -> None:
    story = TroubledStory(outages=1)
    (one,) = again(sent("een"))
    story.attempts.made[digest(one)] = 4
    with pytest.raises(Outage):
        await suspects().run(FakeLane([[one]]), story, story.attempts)
    assert story.attempts.made == {digest(one): 4}


class Waiting(MortalStory):
    """Works until it is told to end."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.end = asyncio.Event(), asyncio.Event()

    async def take(self, batch: Sequence[Delivery]) -> None:
        self.begun.set()
        await self.end.wait()
        await super().take(batch)


class HangingAttempts(FakeAttempts):
    """Takes nothing back."""

    async def uncount(self, attempts: object) -> None:
        del attempts
        await asyncio.Event().wait()


async def cancelled(attempts: FakeAttempts, story: Waiting) -> None:
    process = suspects()
    work = asyncio.create_task(process.run(FakeLane([again(sent("een"))]), story, attempts))
    await story.begun.wait()
    assert set(attempts.made.values()) == {1}
    work.cancel()
    await asyncio.wait([work], timeout=DEADLINE)
    assert work.cancelled()


async def test_a_role_that_is_ended_from_outside_is_nobodys_fault() -> None:
    attempts = FakeAttempts()
    await cancelled(attempts, Waiting())
    assert set(attempts.made.values()) == {0}


async def test_a_role_ends_though_what_it_tried_cannot_be_taken_back() -> None:
    await cancelled(HangingAttempts(), Waiting())


async def test_while_one_is_tried_alone_nothing_else_is_done_in_the_process() -> None:
    process, attempts = suspects(), FakeAttempts()
    alone, other = Waiting(), MortalStory()
    (one,) = again(sent("een"))
    attempts.made[digest(one)] = 3
    first = asyncio.create_task(process.run(FakeLane([[one]]), alone, attempts))
    await alone.begun.wait()
    second = asyncio.create_task(process.run(FakeLane([sent("twee")]), other, attempts))
    third = asyncio.create_task(process.run(FakeLane([again(sent("drie"))]), other, attempts))
    for _ in range(10):
        await asyncio.sleep(0)
    assert other.tried == []
    alone.end.set()
    await asyncio.gather(first, second, third)
    assert sorted(other.taken) == ["drie", "twee"]


async def test_an_end_of_the_process_by_a_defect_counts() -> None:
    story, attempts = MortalStory(frozenset({"een"})), FakeAttempts()
    (one,) = again(sent("een"))
    with pytest.raises(DiedError):
        await suspects().run(FakeLane([[one]]), story, attempts)
    assert attempts.made == {digest(one): 1}


def test_a_delivery_is_known_by_its_queue_its_id_and_its_body() -> None:
    one = delivery(b"x", message_id="een", queue="q")
    assert digest(one) == digest(replace(one, redelivered=True, headers={"a": 1}))
    others = [
        replace(one, body=b"y"),
        replace(one, message_id="twee"),
        replace(one, message_id=None),
        replace(one, queue="p"),
        replace(one, queue="qe", message_id="en"),
    ]
    assert len({digest(one), *map(digest, others)}) == 6
