"""Standing: how each role of the process is doing, for probes, metrics and the log."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from worker import metrics
from worker.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from worker.logs import Log

_SAID_AGAIN: Final = timedelta(minutes=1)
_LIVE_SECONDS: Final = 5.0
# Longer than everything opened and closed takes, for each step of it has its limit.
_SILENT_SECONDS: Final = 60.0


class State(StrEnum):
    """What a role is doing."""

    STARTING = "start"
    READY = "gereed"
    OUT = "uitval"
    ENDED = "gestopt"


@dataclass(slots=True)
class Standing:
    """How one role stands; `log` bears its name."""

    role: str
    log: Log
    state: State = State.STARTING
    reason: str | None = None
    """Why it is out: what is away, in words that hold no data."""
    started: bool = False
    """Whether it was ready once, or waits for a service: then a new process would do no better."""
    clock: Callable[[], datetime] = now
    tell: Callable[[], None] = lambda: None
    """Called whenever its state or the reason has changed."""
    broker: str | None = field(default=None, init=False)
    """The host of the broker that it is connected to, or was last."""
    since: datetime = field(init=False)
    """Since when it is in this state."""
    timer: Callable[[], float] = time.monotonic
    _due: float = field(init=False)
    """Until when, by `timer`, it may go without a sign of life."""
    _said: dict[str, datetime] = field(default_factory=dict, init=False)
    """Reasons of this outage, and when each was logged last."""

    def __post_init__(self) -> None:
        """It is not ready yet, and was never out."""
        self.since = self.clock()
        self.expect(0)
        metrics.ROLE_READY.labels(self.role).set(0)
        metrics.ROLE_ALIVE.labels(self.role).set_function(lambda: self.silent <= 0)
        metrics.OUTAGES.labels(self.role)

    def ready(self, queues: Sequence[str] = (), broker: str | None = None) -> None:
        """It has all that it needs, and takes from these queues of this host of the broker."""
        self.broker = broker
        self._becomes(State.READY)
        self.log.info("gereed", queues=list(queues), broker=broker)

    def out(self, reason: str, pause: float) -> None:
        """It lost a service; everything is opened anew after a pause, in seconds."""
        self.expect(pause)
        if self.state is not State.OUT:
            metrics.OUTAGES.labels(self.role).inc()
            self._said.clear()
        self._becomes(State.OUT, reason)
        self._say(reason, pause)

    def _say(self, reason: str, pause: float) -> None:
        """Not at each try, or an outage of an hour would fill the log."""
        moment = self.clock()
        said = self._said.get(reason)
        if said is None or moment - said >= _SAID_AGAIN:
            self._said[reason] = moment
            lasted = (moment - self.since).total_seconds()
            self.log.warning(
                "uitval", reden=reason, opnieuw_over_s=round(pause, 1), duurt_s=round(lasted)
            )

    async def live(self) -> None:
        """Show signs of life, until cancelled: whatever ends the role's tasks ends them too."""
        while True:
            self.expect(_LIVE_SECONDS)
            await asyncio.sleep(_LIVE_SECONDS)

    def expect(self, seconds: float) -> None:
        """It lives, and the next sign of life comes within `seconds` and a margin."""
        self._due = self.timer() + seconds + _SILENT_SECONDS

    @property
    def silent(self) -> float:
        """For how many seconds a sign of life has been overdue; 0 while none is."""
        return 0 if self.state is State.ENDED else max(0, self.timer() - self._due)

    def ended(self) -> None:
        """It was told to stop, and has finished."""
        self._becomes(State.ENDED)

    def _becomes(self, state: State, reason: str | None = None) -> None:
        same, self.started = self.state is state, True
        if same and self.reason == reason:
            return
        self.since = self.since if same else self.clock()
        self.state, self.reason = state, reason
        metrics.ROLE_READY.labels(self.role).set(state is State.READY)
        self.tell()


@dataclass(frozen=True, slots=True)
class Health:
    """All roles of the process."""

    roles: list[Standing] = field(default_factory=list)

    @property
    def started(self) -> bool:
        """Whether each has got so far that it works or waits for a service."""
        return all(each.started for each in self.roles)

    @property
    def ready(self) -> bool:
        """Whether each takes work now."""
        return all(each.state is State.READY for each in self.roles)

    @property
    def alive(self) -> bool:
        """Whether each shows signs of life: it works, or tries again to."""
        return not any(each.silent for each in self.roles)

    @property
    def words(self) -> str:
        """A line for each role."""
        return "".join(f"{_words(each)}\n" for each in self.roles)


def _words(role: Standing) -> str:
    if role.silent:
        return f"{role.role}: no sign of life for {role.silent + _SILENT_SECONDS:.0f} s"
    return f"{role.role}: {role.state}{f' ({role.reason})' if role.reason else ''}"
