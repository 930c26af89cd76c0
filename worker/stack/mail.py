"""The mail catcher as a process of the stack."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from worker.stack import private
from worker.stack.ports import LOOPBACK, accepts
from worker.stack.process import Process, spawn, wait_until
from worker.stack.software import SYSTEM_PATH

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class MailCatcher:
    """A mail catcher in `folder`, the record of its process in `run`."""

    folder: Path
    run: Path
    port: int
    _started: list[Process] = field(default_factory=list)

    @property
    def address(self) -> str:
        """`host:port` of the SMTP server."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def directory(self) -> Path:
        """Where the mails are written."""
        return self.folder / "mails"

    def start(self) -> None:
        """Start it and don't wait for it."""
        private.make_folder(self.directory)
        command = ["-m", "worker.stack.mail_catcher", f"--port={self.port}"]
        started = spawn(
            self.run / "mail.pid",
            [sys.executable, *command, f"--directory={self.directory}"],
            environment={"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"},
            cwd=self.folder,
            log=self._log,
        )
        self._started.append(started)

    def await_ready(self) -> None:
        """Return when it takes connections. Raises StackError."""
        wait_until(
            lambda: accepts(self.port),
            self._started[-1],
            seconds=START_TIMEOUT,
            log=self._log,
            what="The mail catcher",
        )

    @property
    def _log(self) -> Path:
        return self.folder / "mail.log"
