from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.fakes import Lines
from tests.waiting import until
from worker import metrics
from worker.standing import Health, Standing
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


async def test_what_the_watchdog_missed_while_nobody_could_ask_is_told_once() -> None:
    async with watched(timedelta(seconds=2), Lines().log):

        async def missed() -> float | None:
            return value("watchdog_missed_beats") or None

        # The loop is held up for longer than one of 20 steps, and for less than all of them.
        held_up = asyncio.get_running_loop().time() + 0.5
        while asyncio.get_running_loop().time() < held_up:
            pass
        assert await until(missed, "beats were missed") == pytest.approx(4, abs=3)
