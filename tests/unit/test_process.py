"""Processes of the stack are found again, and no others are touched."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.waiting import DEADLINE
from worker.stack.errors import StackError
from worker.stack.process import Process, end, recorded, spawn, wait_until

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def start(folder: Path, *command: str) -> Process:
    """Start a command under the name `program`, its record in `folder`."""
    return spawn(
        folder / "program.pid",
        command,
        environment=ENVIRONMENT,
        cwd=folder,
        log=folder / "program.log",
    )


def started(folder: Path, *command: str) -> Process:
    """The same, when it has left its record."""
    process = start(folder, *command)
    record = folder / "program.pid"
    wait_until(record.exists, process, seconds=DEADLINE, log=folder / "program.log", what="it")
    return process


def test_a_process_is_found_by_its_record(tmp_path: Path) -> None:
    """What another command reads from the folder is the process that was started."""
    process = started(tmp_path, "sleep", "60")
    assert recorded(tmp_path) == [process]
    assert process.alive()
    end([process], {}, seconds=DEADLINE)
    assert not process.alive()
    assert recorded(tmp_path) == []


def test_a_process_that_got_the_same_pid_later_is_left_alone(tmp_path: Path) -> None:
    """A record with another start or another boot is no claim to a running process."""
    process = started(tmp_path, "sleep", "60")
    for foreign in (replace(process, started=process.started - 1), replace(process, boot="old")):
        assert not foreign.alive()
        end([foreign], {}, seconds=DEADLINE)
        assert process.alive()
    end([process], {}, seconds=DEADLINE)


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """Asking has a bound."""
    process = started(tmp_path, "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done")
    log = tmp_path / "program.log"
    wait_until(
        lambda: "deaf" in log.read_text("utf-8"), process, seconds=DEADLINE, log=log, what="it"
    )
    end([process], {"program": signal.SIGTERM}, seconds=0.1)
    assert not process.alive()


def test_a_process_that_stops_at_once_says_why(tmp_path: Path) -> None:
    """The error has the last line of its log, and the log's name."""
    process = start(tmp_path, "sh", "-c", "echo first; echo no room >&2; exit 1")
    log = tmp_path / "program.log"
    with pytest.raises(StackError, match=r"It stopped as soon as it started: no room \(see "):
        wait_until(lambda: False, process, seconds=DEADLINE, log=log, what="It")


def test_waiting_has_an_end(tmp_path: Path) -> None:
    """A process that is never ready is an error, not a wait for ever."""
    process = start(tmp_path, "sleep", "60")
    with pytest.raises(StackError, match="wasn't ready after 0 s"):
        wait_until(lambda: False, process, seconds=0, log=tmp_path / "program.log", what="It")
    end([process], {}, seconds=DEADLINE)


def test_a_broken_record_is_no_process(tmp_path: Path) -> None:
    """What a full disk left of a record claims nothing."""
    (tmp_path / "program.pid").write_text("boot\n12 (half", encoding="ascii")
    assert recorded(tmp_path) == []
