"""The database's clock, as a process has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.contacts import NOW
from worker.clock import ServerClock

_OFF = timedelta(minutes=10)


@dataclass
class _Machine:
    """A machine whose clock is ahead, and a server that takes `takes` seconds over an answer."""

    seconds: float = 1000
    takes: float = 0.5
    asked: int = 0

    def own(self) -> datetime:
        return NOW + _OFF + timedelta(seconds=self.seconds - 1000)

    def elapsed(self) -> float:
        return self.seconds

    async def server(self) -> datetime:
        self.asked += 1
        began, self.seconds = self.seconds, self.seconds + self.takes
        return NOW + timedelta(seconds=began + self.takes / 2 - 1000)


def _clock(machine: _Machine) -> ServerClock:
    return ServerClock(machine.own, machine.elapsed)


def test_until_it_was_read_it_is_the_machines_own() -> None:
    assert _clock(_Machine())() == NOW + _OFF


async def test_it_goes_on_from_the_servers_moment_whatever_the_machines_clock_says() -> None:
    machine = _Machine()
    clock = _clock(machine)
    await clock.read(machine.server)
    assert clock() == NOW + timedelta(seconds=0.5)
    machine.seconds += 60
    assert clock() == NOW + timedelta(seconds=60.5)


async def test_an_answer_that_took_long_is_worth_less_than_an_earlier_one() -> None:
    machine = _Machine(takes=30)
    clock = _clock(machine)

    async def wrong() -> datetime:
        await machine.server()
        return NOW + _OFF

    await clock.read(machine.server)
    known = clock()
    await clock.read(wrong)
    assert clock() == known + timedelta(seconds=30)
    machine.takes = 0.1
    await clock.read(wrong)
    assert clock() > NOW + _OFF
