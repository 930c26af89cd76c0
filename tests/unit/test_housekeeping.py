from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.contacts import NOW
from tests.fakes import Lines
from tests.waiting import DEADLINE, until
from worker.errors import UsageError
from worker.housekeeping import Housekeeping, check_retention
from worker.outcomes import Growth
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

DAY = timedelta(days=1)


@dataclass
class FakeStore:
    """Has as much to do of each kind as `left` says; notes what it was asked."""

    left: dict[str, int] = field(default_factory=dict)
    growth: list[Growth] = field(default_factory=list)
    asked: list[tuple[str, datetime]] = field(default_factory=list)

    def _more(self, name: str, moment: datetime) -> bool:
        self.asked.append((name, moment))
        self.left[name] = self.left.get(name, 1) - 1
        return self.left[name] > 0

    async def sum_up(self, now: datetime) -> bool:
        return self._more("sum_up", now)

    async def grown(self, now: datetime, before: datetime) -> Sequence[Growth]:
        self.asked.append(("grown", before))
        assert now >= NOW
        told, self.growth = self.growth, []
        return told

    async def forget_resolved(self, before: datetime) -> bool:
        return self._more("resolved", before)

    async def forget_archived(self, before: datetime) -> bool:
        return self._more("archived", before)

    async def forget_registered(self, before: datetime) -> bool:
        return self._more("registered", before)

    async def forget_tokens(self, before: datetime) -> bool:
        return self._more("tokens", before)

    async def forget_attempts(self, before: datetime) -> bool:
        return self._more("attempts", before)

    async def forget_processes(self, before: datetime) -> None:
        self.asked.append(("processes", before))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def housekeeping(store: FakeStore, lines: Lines, clock: Clock, seconds: float = 0) -> Housekeeping:
    return Housekeeping(
        store,
        timedelta(seconds=seconds),
        timedelta(hours=1),
        30 * DAY,
        365 * DAY,
        400 * DAY,
        clock,
        lines.log,
    )


async def test_each_is_kept_as_long_as_its_setting_says() -> None:
    store = FakeStore()
    await housekeeping(store, Lines(), Clock()).round()
    assert store.asked == [
        ("sum_up", NOW),
        ("grown", NOW - timedelta(hours=1)),
        ("resolved", NOW - 30 * DAY),
        ("archived", NOW - 365 * DAY),
        ("attempts", NOW - DAY),
        ("processes", NOW - DAY),
        ("registered", NOW - 400 * DAY),
        ("tokens", NOW - 400 * DAY),
    ]


async def test_a_step_that_leaves_more_is_taken_again() -> None:
    store = FakeStore({"sum_up": 3, "resolved": 2, "attempts": 2, "tokens": 4})
    await housekeeping(store, Lines(), Clock()).round()
    names = [name for name, _ in store.asked]
    counted = ("sum_up", "resolved", "archived", "attempts", "tokens")
    assert [names.count(each) for each in counted] == [3, 2, 1, 2, 4]


async def test_the_inbox_is_looked_at_seldom_for_it_is_kept_long() -> None:
    store, clock = FakeStore(), Clock()
    keeping = housekeeping(store, Lines(), clock)
    for hours in (0, 1, 9, 10):
        clock.now = NOW + timedelta(hours=hours)
        await keeping.round()
    assert [name for name, _ in store.asked].count("registered") == 2


async def test_growth_is_said_in_a_line_that_names_the_group() -> None:
    store, lines = FakeStore(growth=[Growth("zaak-onbekend", "q", "zaak", 7, 5, NOW)]), Lines()
    await housekeeping(store, lines, Clock()).round()
    assert lines.all == [
        {
            "event": "dead_letters_groeien",
            "level": "warning",
            "code": "zaak-onbekend",
            "queue": "q",
            "veld": "zaak",
            "aantal": 7,
            "nieuw": 5,
        }
    ]


async def test_it_goes_round_until_it_is_told_to_stop_and_stops_at_once_then() -> None:
    store, stop = FakeStore(), asyncio.Event()
    work = asyncio.create_task(housekeeping(store, Lines(), Clock(), 3600).run(stop))

    async def waiting() -> bool:
        return ("tokens", NOW - 400 * DAY) in store.asked

    await until(waiting, "it went round once")
    stop.set()
    async with asyncio.timeout(DEADLINE):
        await work
    assert [name for name, _ in store.asked].count("sum_up") == 1


def test_an_inbox_that_forgets_before_the_dead_letters_do_is_refused() -> None:
    check_retention(Settings(keep_inbox=372 * DAY))
    with pytest.raises(UsageError, match=r"KLANTCONTACT_KEEP_INBOX.*KEEP_ARCHIVED.*P372D"):
        check_retention(Settings(keep_inbox=371 * DAY))
    with pytest.raises(UsageError, match="P508D"):
        check_retention(Settings(keep_resolved=500 * DAY, oldest_message=timedelta(days=7.5)))
