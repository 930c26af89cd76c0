from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from tests.fakes import Lines
from tests.waiting import DEADLINE
from worker.app import keep, last_line
from worker.ending import drain
from worker.errors import BatchRejected, Defect, DeliveryAborted, Outage, UsageError
from worker.role import Role
from worker.roles.mailer import check_lease
from worker.settings import Settings
from worker.standing import Standing

_AT_ONCE = Settings().model_copy(update={"outage_pause": timedelta(0)})  # a floor is for people


async def test_a_role_runs_again_after_each_outage_until_it_is_told_to_stop() -> None:
    stop, lines, runs = asyncio.Event(), Lines(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs < 4:
            raise Outage("PostgreSQL does not answer")
        stop.set()

    await keep(run, _AT_ONCE, stop, Standing("intake", lines.log))
    assert runs == 4
    told = [str(line["reden"]) for line in lines.of("uitval")]
    assert told == ["PostgreSQL does not answer"]


async def test_a_role_whose_work_the_database_refuses_says_so_and_runs_again() -> None:
    stop, lines, runs = asyncio.Event(), Lines(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise BatchRejected("SQLSTATE 23514, constraint mail_check")
        stop.set()

    await keep(run, _AT_ONCE, stop, Standing("relay", lines.log))
    assert runs == 3
    told = [str(line["reden"]) for line in lines.of("uitval")]
    assert told == [
        "PostgreSQL refuses what this role writes (SQLSTATE 23514, constraint mail_check)"
    ]


async def test_a_defect_of_the_program_is_no_outage() -> None:
    async def run() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await keep(run, _AT_ONCE, asyncio.Event(), Standing("intake", Lines().log))


async def test_who_is_told_to_stop_in_an_outage_does_not_wait_for_its_end() -> None:
    stop = asyncio.Event()

    async def run() -> None:
        stop.set()
        raise Outage("down")

    async with asyncio.timeout(DEADLINE):
        await keep(
            run, Settings(outage_pause=timedelta(hours=1)), stop, Standing("intake", Lines().log)
        )


async def test_an_outage_of_a_thousand_tries_is_waited_for_too() -> None:
    stop, runs = asyncio.Event(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1100:
            stop.set()
        raise Outage("down")

    await keep(run, _AT_ONCE, stop, Standing("intake", Lines().log))
    assert runs == 1100


async def test_a_role_whose_connection_a_delivery_ends_runs_again_after_short_pauses() -> None:
    stop, lines, runs = asyncio.Event(), Lines(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 7:
            stop.set()
            return
        # Only a reason that is new is logged.
        raise DeliveryAborted(f"541 INTERNAL_ERROR {runs}")

    began = time.monotonic()
    await keep(run, Settings(), stop, Standing("intake", lines.log))
    pauses = [float(str(line["opnieuw_over_s"])) for line in lines.of("uitval")]
    assert len(pauses) == 6
    assert all(0 < each <= 0.3 for each in pauses)
    assert time.monotonic() - began > 6 * 0.1


def test_a_lease_that_could_end_while_a_mail_is_sent_is_refused() -> None:
    check_lease(Settings(mail_lease=timedelta(seconds=90), smtp_deadline=timedelta(seconds=30)))
    with pytest.raises(UsageError, match=r"KLANTCONTACT_MAIL_LEASE.*SMTP_DEADLINE.*PT90S"):
        check_lease(Settings(mail_lease=timedelta(seconds=89), smtp_deadline=timedelta(seconds=30)))


async def test_a_role_that_does_not_finish_is_let_go_of_and_another_is_not() -> None:
    stop, lines = asyncio.Event(), Lines()
    finishing: asyncio.Task[object] = asyncio.create_task(stop.wait())
    stuck: asyncio.Task[object] = asyncio.create_task(asyncio.Event().wait())
    working = {Role.INTAKE: finishing, Role.MAILER: stuck}
    draining = asyncio.create_task(
        drain(working, Settings(drain=timedelta(seconds=1)), stop, lines.log)
    )
    await asyncio.sleep(0)
    assert not draining.done()
    stop.set()
    async with asyncio.timeout(DEADLINE):
        await draining
        await asyncio.wait([finishing, stuck])
    assert (finishing.cancelled(), stuck.cancelled()) == (False, True)
    assert [line["rol"] for line in lines.of("losgelaten")] == ["mailer"]


async def test_a_role_that_a_library_cancels_runs_again() -> None:
    stop, lines, runs = asyncio.Event(), Lines(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise asyncio.CancelledError
        stop.set()

    await keep(run, _AT_ONCE, stop, Standing("intake", lines.log))
    assert runs == 2
    (said,) = lines.of("uitval")
    assert said["reden"] == "task intake was cancelled by a library"


async def test_a_role_that_ends_before_it_is_told_to_runs_again() -> None:
    stop, lines, runs = asyncio.Event(), Lines(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 2:
            stop.set()

    await keep(run, _AT_ONCE, stop, Standing("intake", lines.log))
    assert [line["reden"] for line in lines.of("uitval")] == ["task intake ended by itself"]


async def test_a_try_leaves_no_cancellation_behind() -> None:
    stop, counts = asyncio.Event(), list[int]()

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        counts.append(task.cancelling())
        task.cancel()
        if len(counts) == 2:
            stop.set()
        await asyncio.Event().wait()

    await keep(run, _AT_ONCE, stop, Standing("intake", Lines().log))
    assert counts == [0, 0]


def test_a_defect_is_the_last_line_and_quotes_nothing() -> None:
    lines = Lines()
    with pytest.raises(Defect) as raised, last_line(lines.log):
        int("Burger")
    (said,) = lines.of("afgebroken")
    assert (said["error"], said["reden"]) == ("ValueError", None)
    assert "test_app" in str(said["plaats"])
    assert "Burger" not in f"{said}{raised.value}"
    assert raised.value.__suppress_context__


def test_an_end_that_the_program_can_explain_is_the_last_line_with_its_reason() -> None:
    lines = Lines()
    with pytest.raises(Outage), last_line(lines.log):
        raise Outage("task relay was cancelled by a library")
    assert lines.of("afgebroken")[0]["reden"] == "task relay was cancelled by a library"


async def test_each_try_of_a_role_is_a_sign_of_life() -> None:
    stop, seconds, silences = asyncio.Event(), [0.0], list[float]()
    standing = Standing("intake", Lines().log, timer=lambda: seconds[0])

    async def run() -> None:
        silences.append(standing.silent)
        stop.set()

    seconds[0] = 100
    assert standing.silent
    await keep(run, _AT_ONCE, stop, standing)
    assert silences == [0]
