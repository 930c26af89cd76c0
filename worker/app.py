"""Runs the roles of a worker process, through any outage, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import random
import signal
import time
from contextlib import nullcontext
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from worker.clock import database_now, pause
from worker.ending import SHARE_GOODBYE, wind_up
from worker.errors import Outage
from worker.housekeeping import check_retention
from worker.presence import Presence
from worker.role import Role
from worker.roles.intake import intake, token_keys
from worker.roles.mailer import check_lease, mailer
from worker.roles.opening import connections, presence, sending
from worker.roles.relay import finisher, relay
from worker.roles.sink import sink
from worker.standing import Health, Standing
from worker.suspects import Suspects
from worker.watchdog import watched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from contextlib import AbstractAsyncContextManager

    from worker.logs import Log
    from worker.settings import Settings

    Run = Callable[[Settings, asyncio.Event, Standing], Awaitable[None]]

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
    async with (
        _traced(settings, log),
        _probed(settings, health, log),
        watched(settings.watchdog, log),
        asyncio.TaskGroup() as group,
    ):
        working = {}
        for role, standing in zip(chosen, health.roles, strict=True):
            run = partial(runs[role], settings, stop, standing)
            working[role] = group.create_task(keep(run, settings, stop, standing))
        group.create_task(wind_up(there, working, settings, stop, log))
    log.info("gestopt")


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
    run: Callable[[], Awaitable[None]],
    settings: Settings,
    stop: asyncio.Event,
    standing: Standing,
) -> None:
    """Run a role again after each outage, after pauses that grow and differ.

    Everything a role has open is closed in an outage, so the broker takes back what was in
    hand, and it is opened anew, database first: nothing is consumed that could not be stored.
    """
    tries = 0
    while not stop.is_set():
        began = time.monotonic()
        try:
            await run()
        except* Outage as group:
            tries = 0 if time.monotonic() - began > _STEADY_SECONDS else tries + 1
            longest = settings.outage_pause.total_seconds()
            seconds = min(longest, _FIRST_PAUSE_SECONDS * 2 ** min(tries, 16))
            seconds *= random.uniform(0.5, 1)  # noqa: S311 (spreads retries, protects nothing)
            standing.out(str(_first(group)), seconds)
            await pause(stop, seconds)
    standing.ended()


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def _roles(settings: Settings, log: Log, chosen: Iterable[Role]) -> dict[Role, Run]:
    """What each role runs; keys are read before anything is taken, for the intake alone."""
    suspects = Suspects(database_now, log)
    runs: dict[Role, Run] = {
        Role.RELAY: relay,
        Role.MAILER: mailer,
        Role.SINK: partial(sink, suspects=suspects),
    }
    if Role.INTAKE in chosen:
        runs[Role.INTAKE] = partial(intake, proofs=token_keys(settings, log), suspects=suspects)
    return runs
