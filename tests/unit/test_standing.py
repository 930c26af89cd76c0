from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.contacts import NOW
from tests.fakes import Lines
from tests.waiting import DEADLINE, until
from worker import metrics
from worker.concurrency import ended
from worker.standing import Health, Standing, State
from worker.watchdog import watched


def value(name: str, **labels: str) -> float:
    found = metrics.REGISTRY.get_sample_value(f"klantcontact_{name}", labels)
    assert found is not None
    return found


def test_an_outage_is_counted_once_however_often_it_is_tried_to_end_it() -> None:
    standing = Standing("relay", Lines().log)
    before = value("outages_total", role="relay")
    for _ in range(3):
        standing.out("PostgreSQL does not answer", 1)
    assert value("outages_total", role="relay") == before + 1
    standing.ready()
    standing.out("PostgreSQL does not answer", 1)
    assert value("outages_total", role="relay") == before + 2


def test_a_role_is_ready_from_when_it_says_so_until_it_loses_a_service_or_ends() -> None:
    standing = Standing("mailer", Lines().log)
    shown = [value("role_ready", role="mailer")]
    for act in ("ready", "out", "ready", "ended"):
        getattr(standing, act)(*(("because", 1) if act == "out" else ()))
        shown.append(value("role_ready", role="mailer"))
    assert shown == [0, 1, 0, 1, 0]


def test_a_process_is_ready_when_its_roles_are_and_has_started_when_they_are_or_wait() -> None:
    one, other = Standing("intake", Lines().log), Standing("sink", Lines().log)
    health = Health([one, other])
    one.ready(["q"])
    assert (health.ready, health.started) == (False, False)
    other.out("PostgreSQL does not answer", 1)
    assert (health.ready, health.started) == (False, True)
    other.ready()
    assert (health.ready, health.started) == (True, True)
    one.out("RabbitMQ closed the connection", 1)
    assert (health.ready, health.started) == (False, True)
    assert health.words == "intake: uitval (RabbitMQ closed the connection)\nsink: gereed\n"


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def test_an_outage_is_logged_once_and_then_each_minute_with_how_long_it_lasts() -> None:
    lines, clock = Lines(), Clock()
    standing = Standing("relay", lines.log, clock=clock)
    for seconds in (0, 30, 59, 60, 90, 119, 120):
        clock.now = NOW + timedelta(seconds=seconds)
        standing.out("PostgreSQL does not answer", 1)
    assert [line["duurt_s"] for line in lines.of("uitval")] == [0, 60, 120]


def test_an_outage_is_logged_when_its_reason_changes_and_not_when_two_take_turns() -> None:
    lines, clock = Lines(), Clock()
    standing = Standing("relay", lines.log, clock=clock)
    for seconds, reason in enumerate(("closed", "away", "closed", "away")):
        clock.now = NOW + timedelta(seconds=seconds)
        standing.out(reason, 1)
    assert [(line["reden"], line["duurt_s"]) for line in lines.of("uitval")] == [
        ("closed", 0),
        ("away", 1),
    ]


def test_each_outage_is_logged_however_soon_it_follows() -> None:
    lines = Lines()
    standing = Standing("relay", lines.log, clock=lambda: NOW)
    for _ in range(2):
        standing.ready()
        standing.out("PostgreSQL does not answer", 1)
    assert len(lines.of("uitval")) == 2


def test_a_change_is_told_once_and_the_state_is_as_old_as_it_is() -> None:
    clock, told = Clock(), list[tuple[str, str | None, datetime]]()

    def tell() -> None:
        told.append((standing.state, standing.reason, standing.since))

    standing = Standing("relay", Lines().log, clock=clock, tell=tell)
    for reason in ("closed", "closed", "away"):
        clock.now += timedelta(minutes=1)
        standing.out(reason, 1)
    clock.now += timedelta(minutes=1)
    standing.ready()
    one, four = NOW + timedelta(minutes=1), NOW + timedelta(minutes=4)
    assert told == [
        (State.OUT, "closed", one),
        (State.OUT, "away", one),
        (State.READY, None, four),
    ]


async def test_what_the_watchdog_missed_while_nobody_could_ask_is_told_once() -> None:
    async def nothing() -> bool:
        return not value("watchdog_missed_beats")

    async with watched(timedelta(seconds=20), Health(), Lines().log):
        # The loop is held up until the first of the 20 beats is missed.
        began = time.monotonic()
        while await nothing():
            assert time.monotonic() - began < DEADLINE
        await until(nothing, "it has told that")


@dataclass
class Timer:
    seconds: float = 0

    def __call__(self) -> float:
        return self.seconds


def test_a_role_that_shows_no_sign_of_life_is_seen_by_itself() -> None:
    timer = Timer()
    one = Standing("intake", Lines().log, timer=timer)
    health = Health([one, Standing("sink", Lines().log, timer=timer)])
    one.ready()
    timer.seconds = 59
    alive = [health.alive]
    health.roles[1].expect(5)
    timer.seconds = 61
    alive.append(health.alive)
    assert alive == [True, False]
    assert health.words == "intake: no sign of life for 61 s\nsink: start\n"
    assert (value("role_alive", role="intake"), value("role_alive", role="sink")) == (0, 1)


def test_a_role_in_an_outage_and_one_that_has_ended_are_alive() -> None:
    timer = Timer()
    one, other = (Standing(name, Lines().log, timer=timer) for name in ("intake", "sink"))
    one.out("PostgreSQL does not answer", 300)
    other.ended()
    timer.seconds = 350
    assert Health([one, other]).alive


async def test_a_role_that_lives_shows_it_at_once() -> None:
    timer = Timer()
    one = Standing("intake", Lines().log, timer=timer)
    timer.seconds = 100
    assert one.silent
    living = asyncio.create_task(one.live())
    await asyncio.sleep(0)
    assert not one.silent
    await ended([living])
