"""The image's program, started as a platform starts it, in a room that is sealed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.image.room import end, first_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.image.room import Room

_LOOK_AGAIN: Final = 0.2
_STOP_SECONDS: Final = 30.0
_TAIL: Final = 1500


@dataclass(frozen=True, slots=True)
class Started:
    """A program that runs in a room; `holder` is the process that holds the room."""

    holder: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, room: Room, command: Sequence[str], log: Path) -> Started:
        with log.open("wb") as out:
            return cls(room.start(command, out), log)

    @property
    def process(self) -> Path:
        """The folder in /proc of the program itself."""
        return Path(f"/proc/{first_process(self.holder)}")

    def status(self) -> dict[str, list[str]]:
        """What the kernel says of the program: the words of each field."""
        text = (self.process / "status").read_text(encoding="ascii")
        rows = (line.partition(":") for line in text.splitlines())
        return {name: words.split() for name, _, words in rows}

    def root_options(self) -> set[str]:
        """How the program's root is mounted, as {"ro", …}."""
        mounts = (self.process / "mountinfo").read_text(encoding="utf-8").splitlines()
        return next(set(row.split()[5].split(",")) for row in mounts if row.split()[4] == "/")

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def last_words(self) -> list[str]:
        return self.said()[-_TAIL:].splitlines()[-5:]

    def runs(self) -> bool:
        return self.holder.poll() is None

    def stop(self) -> int:
        """Ask it to stop, as a platform does; its exit status, or -9 when it had to be killed."""
        if (first := first_process(self.holder)) is not None:
            os.kill(first, signal.SIGTERM)
        try:
            return self.holder.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            end(self.holder)


def until(look: Callable[[], bool], seconds: float) -> bool:
    """Look until it is so, at most `seconds`; whether it became so."""
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)
    return seen
