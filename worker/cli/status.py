"""`klantcontact status`: how it goes, at one look."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.live import Live

from worker.cli import calling, status_page
from worker.clock import database_now
from worker.counting import Counts, age
from worker.errors import Outage
from worker.postgres.blocked_queues import blocked_queues
from worker.postgres.counting import PostgresCounts
from worker.postgres.pool import connected
from worker.postgres.presence import present
from worker.postgres.rates import registered_since
from worker.postgres.tls import database_url
from worker.presence import GONE_AFTER, Present
from worker.rabbitmq.depths import Depth, depths
from worker.rabbitmq.tls import address
from worker.standing import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.postgres.blocked_queues import Blocked
    from worker.settings import Settings

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to see; what could not be asked is None, and `failures` says why."""

    moment: datetime
    failures: Sequence[str]
    queues: Sequence[Depth] | None
    processes: Sequence[Present] | None
    counts: Counts | None
    last_minute: int | None
    last_hour: int | None
    blocked: Sequence[Blocked] | None = None

    def seen(self, role: Present) -> bool:
        """Whether its process was seen lately."""
        return self.moment - role.seen < GONE_AFTER

    def alive(self, role: Present) -> bool:
        """Whether it was seen lately, and takes work."""
        return self.seen(role) and role.state == State.READY


def status(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again.")] = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="How often, in seconds.")] = 2.0,
    as_json: calling.Json = False,
) -> None:
    """Show processes, queues, outbox, mails and dead letters; exit status 1 if a service is away.

    With --watch it goes on until Ctrl-C; with --json as well, a document a line.
    """
    settings = calling.settings()
    if watch:
        _watch(settings, every, as_json=as_json)
        return
    found = calling.call(look(settings))
    if as_json:
        calling.print_json(document(found))
    else:
        calling.out.print(*status_page.lines(found), sep="\n")
    if found.failures:
        raise typer.Exit(1)


def _watch(settings: Settings, every: float, *, as_json: bool) -> None:
    try:
        if as_json:
            while True:
                calling.print_json(document(calling.call(look(settings))))
                time.sleep(every)
        with Live(console=calling.out, auto_refresh=False, screen=calling.out.is_terminal) as live:
            while True:
                live.update(status_page.Page(calling.call(look(settings))), refresh=True)
                time.sleep(every)
    except KeyboardInterrupt:
        return


async def look(settings: Settings) -> Status:
    """Ask broker and database at the same time; one that is away doesn't hide the other."""
    broker, database = await asyncio.gather(
        depths(address(settings)), _of_the_database(settings), return_exceptions=True
    )
    failures = []
    for each in (broker, database):
        if isinstance(each, Outage):
            failures.append(str(each))
        elif isinstance(each, BaseException):
            raise each
    queues = None if isinstance(broker, BaseException) else broker
    known = (None, None, None, None, None) if isinstance(database, BaseException) else database
    return Status(database_now(), failures, queues, *known)


async def _of_the_database(
    settings: Settings,
) -> tuple[Sequence[Present], Counts, int, int, Sequence[Blocked]]:
    async with connected(database_url(settings), size=1) as pool:
        moment = database_now()
        return (
            await present(pool),
            await PostgresCounts(pool).counts(moment),
            await registered_since(pool, moment - _MINUTE),
            await registered_since(pool, moment - _HOUR),
            await blocked_queues(pool),
        )


def document(found: Status) -> dict[str, Any]:
    """As JSON; durations in seconds."""
    counts = found.counts
    return {
        "moment": found.moment,
        "failures": found.failures,
        "processes": None
        if found.processes is None
        else [_process(each, found) for each in found.processes],
        "queues": None if found.queues is None else [_queue(each) for each in found.queues],
        "blockedQueues": None
        if found.blocked is None
        else [_blocked(each) for each in found.blocked],
        "registered": {"lastMinute": found.last_minute, "lastHour": found.last_hour},
        **({} if counts is None else _counted(counts, found.moment)),
    }


def _process(each: Present, found: Status) -> dict[str, Any]:
    return {
        "role": each.role,
        "host": each.host,
        "pid": each.pid,
        "version": each.version,
        "state": each.state,
        "reason": each.reason,
        "since": each.since,
        "seen": each.seen,
        "broker": each.broker,
        "alive": found.alive(each),
    }


def _queue(each: Depth) -> dict[str, Any]:
    return {
        "queue": each.queue,
        "messages": each.messages,
        "consumers": each.consumers,
        "missing": each.missing,
    }


def _blocked(each: Blocked) -> dict[str, Any]:
    return {
        "queue": each.queue,
        "since": each.since,
        "answer": each.said,
        "reason": each.reason,
    }


def _counted(counts: Counts, moment: datetime) -> dict[str, Any]:
    return {
        "outbox": {
            "due": counts.outbox,
            "oldestSeconds": age(counts.outbox_since, moment),
            "parked": counts.parked,
        },
        "mails": dict(counts.notifications),
        "deadLetters": [
            {"code": code, "toestand": toestand, "count": count}
            for (code, toestand), count in sorted(counts.dead_letters.items())
        ],
        "waitingSeconds": age(counts.waiting_since, moment),
    }
