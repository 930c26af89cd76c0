"""The image's program, started as a platform starts it, in a room that is sealed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.image.room import Room

_LOOK_AGAIN: Final = 0.2
_STOP_SECONDS: Final = 30.0
_TAIL: Final = 1500


@dataclass(frozen=True, slots=True)
class Started:
    """A program that runs in a room; `outer` is the process that holds the room."""

    outer: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, room: Room, command: Sequence[str], log: Path) -> Started:
        with log.open("wb") as out:
            outer = subprocess.Popen(
                room.command(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        return cls(outer, log)

    @property
    def process(self) -> Path:
        """The folder in /proc of the program itself, the room's first process."""
        outer = self.outer.pid
        children = Path(f"/proc/{outer}/task/{outer}/children").read_text(encoding="ascii")
        return Path(f"/proc/{children.split()[0]}")

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
        return self.outer.poll() is None

    def stop(self) -> int:
        """Ask it to stop, as a platform does; its exit status, or -9 when it had to be killed."""
        if self.runs():
            os.kill(int(self.process.name), signal.SIGTERM)
        try:
            return self.outer.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.outer.wait()

    def kill(self) -> None:
        """Leave nothing running: what runs in the room ends with its holder."""
        if self.runs():
            self.outer.kill()
            self.outer.wait()


def until(look: Callable[[], bool], seconds: float) -> bool:
    """Look until it is so, at most `seconds`; whether it became so."""
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)
    return seen
