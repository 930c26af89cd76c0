"""Processes that outlive the command that started them, and are found again by the next one.

A process is known by its pid, the moment it started and the boot it started in, so that one that
got the same pid later is never taken for it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from worker.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

KILL_TIMEOUT: Final = 5.0
_POLL: Final = 0.05
_RECORD_POLL: Final = 0.002
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
# The child writes its own record before it becomes the program: a parent that is killed in
# between leaves no process that nobody knows of.
_RECORD_AND_EXEC: Final = (
    'cat /proc/sys/kernel/random/boot_id "/proc/$$/stat" > "$1.new" && mv "$1.new" "$1" '
    '&& cd "$2" && shift 2 && exec "$@"'
)


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its record, its pid, its start in clock ticks since boot, and its log."""

    record: Path
    pid: int
    started: int
    boot: str

    @property
    def name(self) -> str:
        """The name it was started under."""
        return self.record.stem

    def alive(self) -> bool:
        """Whether it runs; one that ended and wasn't waited for doesn't."""
        if self.boot != _boot():
            return False
        current = _stat(self.pid)
        return current is not None and current == self.started


def spawn(
    record: Path, command: Sequence[str], *, environment: Mapping[str, str], cwd: Path, log: Path
) -> Process:
    """Start `command` in a session of its own, its output added to `log`.

    `environment` is the whole of its environment; nothing of ours comes with it. When this
    returns the process has left its record, or has ended.
    """
    record.unlink(missing_ok=True)
    shell = ["/bin/sh", "-c", _RECORD_AND_EXEC, "sh", str(record), str(cwd), *command]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        shell[0],
        shell,
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE],
    )
    process = Process(record, pid, _stat(pid) or 0, _boot())
    try:
        while not record.exists() and not _ended(process, _RECORD_POLL):
            pass
    except BaseException:
        # Nobody would find it: it may not have left its record yet.
        os.kill(pid, signal.SIGKILL)
        raise
    return process


def recorded(folder: Path) -> list[Process]:
    """The processes that were started from `folder`, whether or not they still run."""
    return [found for path in sorted(folder.glob("*.pid")) if (found := _read(path)) is not None]


def wait_until(
    ready: Callable[[], bool], process: Process, *, seconds: float, log: Path, what: str
) -> None:
    """Return as soon as `ready()`; StackError when `process` ends first or time runs out."""
    deadline = time.monotonic() + seconds
    while not ready():
        if _ended(process, _POLL):
            message = f"{what} stopped as soon as it started: {last_words(log)} (see {log})"
            raise StackError(message)
        if time.monotonic() > deadline:
            message = f"{what} wasn't ready after {seconds:.0f} s (see {log})"
            raise StackError(message)


def end(processes: Iterable[Process], signals: Mapping[str, int], *, seconds: float) -> None:
    """Ask all to stop, wait `seconds` in all, kill what is left, and forget them.

    `signals` gives the signal that asks a process, by name; SIGTERM where it has none.
    """
    ours = list(processes)
    for process in ours:
        _signal(process, signals.get(process.name, signal.SIGTERM))
    deadline = time.monotonic() + seconds
    for process in ours:
        if not _ended(process, max(0.0, deadline - time.monotonic())):
            _kill(process)
        process.record.unlink(missing_ok=True)


def last_words(log: Path) -> str:
    """The last line of a log, for an error message."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next(
            (line.strip() for line in reversed(lines) if line.strip()), "no word in the log"
        )
    return "no log"


def _signal(process: Process, number: int) -> None:
    with _opened(process) as descriptor:
        if descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)


def _kill(process: Process) -> None:
    """Kill it with its whole session; its children can't outlive it."""
    if process.alive():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if not _ended(process, KILL_TIMEOUT):
        message = f"process {process.pid} ({process.name}) can't be ended; end it by hand"
        raise StackError(message)


def _ended(process: Process, seconds: float) -> bool:
    """Whether it has ended, or does within `seconds`."""
    with _opened(process) as descriptor:
        if descriptor is not None:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if not poll.poll(seconds * 1000):
                return False
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return True


@contextlib.contextmanager
def _opened(process: Process) -> Iterator[int | None]:
    """A handle that can't come to mean another process; None when it has ended."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        yield None
        return
    try:
        yield descriptor if process.alive() else None
    finally:
        os.close(descriptor)


def _read(record: Path) -> Process | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        boot, stat = record.read_text(encoding="ascii", errors="replace").split("\n", 1)
        return Process(record, int(stat.split(" ", 1)[0]), _start_time(stat), boot)
    return None


def _stat(pid: int) -> int | None:
    """When the process started, in ticks since boot; None if there is none or it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return None if stat.rpartition(")")[2].split()[0] in "ZX" else _start_time(stat)


def _start_time(stat: str) -> int:
    """Field 22 of /proc/PID/stat, counted from after the name, which may hold anything."""
    return int(stat.rpartition(")")[2].split()[19])


def _boot() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()
