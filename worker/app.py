"""Runs the roles of a worker process, through any outage, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import random
import signal
import time
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from worker.clock import database_now, pause
from worker.concurrency import Tasks
from worker.ending import SHARE_GOODBYE, wind_up
from worker.errors import (
    BatchRejected,
    Defect,
    DeliveryAborted,
    KlantcontactError,
    Outage,
    UsageError,
)
from worker.housekeeping import check_retention
from worker.message_log import place
from worker.presence import Presence
from worker.role import Role
from worker.roles.apart import Guards
from worker.roles.intake import intake, token_keys
from worker.roles.mailer import check_lease, mailer
from worker.roles.opening import connections, presence, sending
from worker.roles.relay import finisher, relay
from worker.roles.sink import sink
from worker.standing import Health, Standing
from worker.suspects import Suspects
from worker.undeliverable import Isolation
from worker.watchdog import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator
    from contextlib import AbstractAsyncContextManager

    from worker.logs import Log
    from worker.settings import Settings

    Run = Callable[[Settings, asyncio.Event, Standing], Coroutine[None, None, None]]

_STEADY_SECONDS = 60
_FIRST_PAUSE_SECONDS = 0.25


async def work(settings: Settings, wanted: Iterable[Role], log: Log) -> None:
    """Run the roles until SIGTERM or SIGINT, through any outage."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Since `main` it was kept waiting.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    chosen = list(dict.fromkeys(wanted)) or list(Role)
    check_retention(settings)
    check_lease(settings)
    finisher(settings)
    connections(settings, log)
    if Role.MAILER in chosen:
        sending(settings, log)
    runs = _roles(settings, log, chosen)
    # What is loaded by now stays: looking at it again and again was 9 % of an intake's time.
    gc.freeze()
    log.info("start", versie=version("klantcontact"), rollen=[role.value for role in chosen])
    changed = asyncio.Event()
    health = Health(
        [Standing(role.value, log.bind(rol=role.value), tell=changed.set) for role in chosen]
    )
    there = Presence(partial(presence, settings), health.roles, changed, database_now)
    with last_line(log):
        async with (
            _traced(settings, log),
            _probed(settings, health, log),
            watched(settings.watchdog, health, log),
            Tasks() as tasks,
        ):
            working = {}
            for role, standing in zip(chosen, health.roles, strict=True):
                run = partial(runs[role], settings, stop, standing)
                keeping = keep(run, settings, stop, standing)
                working[role] = tasks.start(role.value, keeping, until=stop)
            tasks.start("presence", wind_up(there, working, settings, stop, log), until=stop)
    log.info("gestopt")


@contextmanager
def last_line(log: Log) -> Iterator[None]:
    """Whatever ends the process before it is asked to is the last line of its log.

    A defect ends all roles, not only its own: after an error that nobody foresaw, no state in
    memory can be relied on, and whoever restarts processes counts how often.
    """
    try:
        yield
    except UsageError:
        raise
    except KlantcontactError as error:
        _log_end(log, error, str(error))
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the process ends with it)
        # Without its text and traceback, which may quote a value.
        _log_end(log, error, None)
        msg = f"a defect ({type(error).__name__}) at {place(error)} ended the worker; report it"
        raise Defect(msg) from None


def _log_end(log: Log, error: Exception, reason: str | None) -> None:
    log.error("afgebroken", error=type(error).__name__, reden=reason, plaats=place(error))


def _traced(settings: Settings, log: Log) -> AbstractAsyncContextManager[None]:
    """Traces, if there is somewhere to send them."""
    if settings.traces_url is None:
        return nullcontext()
    # What they need takes long to load, and 15 MB.
    from worker.traces import exported  # noqa: PLC0415 (for those alone who want traces)

    goodbye = settings.drain.total_seconds() * SHARE_GOODBYE
    return exported(settings.traces_url, settings.traces_share, goodbye, log)


def _probed(settings: Settings, health: Health, log: Log) -> AbstractAsyncContextManager[None]:
    """Probes and metrics, if there is a port to have them on."""
    if settings.http_port is None:
        return nullcontext()
    # Its HTTP server takes a fifth of what starting takes.
    from worker.probing import probed  # noqa: PLC0415 (for those alone who are asked)

    return probed(settings.http_host, settings.http_port, health, log)


async def keep(
    run: Callable[[], Coroutine[None, None, None]],
    settings: Settings,
    stop: asyncio.Event,
    standing: Standing,
) -> None:
    """Run a role again after each outage, after pauses that grow and differ.

    Everything a role has open is closed in an outage, so the broker takes back what was in
    hand, and it is opened anew, database first: nothing is consumed that could not be stored.
    Each try is a task of its own, so that no cancellation, of the role or of a library, outlives
    it; a role that ends before `stop` is an outage too.
    """
    tries = 0
    while not stop.is_set():
        began = time.monotonic()
        standing.expect(0)
        try:
            async with Tasks() as tasks:
                tasks.start(standing.role, run(), until=stop)
        # What the database refuses of a role that has no message to blame, as of the relay, must
        # not end the other roles.
        except (Outage, BatchRejected) as error:
            # Where a delivery ended the connection nothing is away: the other queues go on at once.
            at_once = isinstance(error, DeliveryAborted)
            steady = time.monotonic() - began > _STEADY_SECONDS
            tries = 0 if steady or at_once else tries + 1
            longest = settings.outage_pause.total_seconds()
            seconds = min(longest, _FIRST_PAUSE_SECONDS * 2 ** min(tries, 16))
            seconds *= random.uniform(0.5, 1)  # noqa: S311 (spreads retries, protects nothing)
            standing.out(_reason(error), seconds)
            await pause(stop, seconds)
    standing.ended()


def _reason(error: KlantcontactError) -> str:
    if isinstance(error, BatchRejected):
        return f"PostgreSQL refuses what this role writes ({error})"
    return str(error)


def _isolation(role: Role, log: Log) -> Isolation:
    return Isolation(log.bind(rol=role.value))


def _roles(settings: Settings, log: Log, chosen: Iterable[Role]) -> dict[Role, Run]:
    """What each role runs; keys are read before anything is taken, for the intake alone."""
    suspects = Suspects(database_now, log)
    runs: dict[Role, Run] = {
        Role.RELAY: relay,
        Role.MAILER: partial(mailer, isolation=_isolation(Role.MAILER, log)),
        Role.SINK: partial(sink, guards=Guards(suspects, _isolation(Role.SINK, log))),
    }
    if Role.INTAKE in chosen:
        runs[Role.INTAKE] = partial(
            intake,
            proofs=token_keys(settings, log),
            guards=Guards(suspects, _isolation(Role.INTAKE, log)),
        )
    return runs
