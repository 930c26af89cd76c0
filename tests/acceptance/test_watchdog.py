"""A process that stands still is ended, and says where it stood."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import body
from tests.deadly import KEEPS, STANDS
from tests.facts import fill
from tests.program import Program
from worker.watchdog import STATUS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.broker import Broker
    from worker.postgres.pool import Pool


LONGEST = 5
"""Seconds: on a busy machine too a process that goes round is not held up for so long."""


@pytest.fixture
async def program(environment: dict[str, str], pool: Pool) -> AsyncIterator[Program]:
    await fill(pool)
    watched = environment | {"KLANTCONTACT_WATCHDOG": str(LONGEST)}
    program = await Program.start(environment=watched, module="tests.deadly")
    try:
        yield await program.ready(1)
    finally:
        await program.kill()


async def test_a_process_that_stands_still_ends_itself_with_a_last_line(
    broker: Broker, program: Program
) -> None:
    await broker.publish(body(onderwerp=STANDS), message_id="m-1")
    assert await program.ended() == STATUS
    last = program.lines[-1]
    assert (last["event"], last["level"], last["seconden"]) == ("vastgelopen", "error", LONGEST)
    assert last["plaats"].startswith("deadly.py, prove, line ")
    assert program.err == ""


async def test_a_process_in_which_no_thread_can_run_is_ended_all_the_same(
    broker: Broker, program: Program
) -> None:
    await broker.publish(body(onderwerp=KEEPS), message_id="m-1")
    assert await program.ended() == 1
    assert program.err.startswith(f"Timeout (0:00:{2 * LONGEST:02})!")
    assert "in prove" in program.err
    assert KEEPS not in program.err


def moment(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["timestamp"]).timestamp()


async def test_a_process_that_goes_round_is_left_alone(broker: Broker, program: Program) -> None:
    began = moment(await program.logged("gereed"))
    for number in count():
        await broker.publish(body(), message_id=f"m-{number}")
        line = await program.logged("klantcontact", bericht=f"m-{number}")
        if moment(line) - began > 2 * LONGEST:
            break
    assert await program.stop() == 0


async def test_a_process_of_which_a_role_shows_no_sign_of_life_ends_itself(
    environment: dict[str, str],
) -> None:
    watched = environment | {"KLANTCONTACT_WATCHDOG": "1"}
    program = await Program.start(environment=watched, module="tests.silent")
    assert await program.ended() == STATUS
    last = program.lines[-1]
    assert (last["event"], last["level"], last["rol"]) == ("rol_stil", "error", "relay")
    assert program.err == ""


async def test_a_process_that_was_stopped_for_an_hour_is_left_alone(
    environment: dict[str, str],
) -> None:
    program = await Program.start(environment=environment, module="tests.stopped")
    assert await program.ended() == 0
    assert program.err == ""
