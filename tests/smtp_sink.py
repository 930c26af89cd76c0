"""Postfix's `smtp-sink`: a mail server in C that takes everything and keeps nothing.

The machine's own if it has one; otherwise Debian's package, unpacked beside RabbitMQ's and not
installed.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import shutil
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from worker.stack import debian
from worker.stack.errors import StackError
from worker.stack.lock import held
from worker.stack.ports import LOOPBACK, accepts, free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_LOOK_AGAIN: Final = 0.02
_BACKLOG: Final = "500"
_SYSTEM_PATH: Final = "/usr/sbin:/usr/bin:/usr/local/sbin"
_ICU: Final = re.compile(r"libicu\w+\.so\.(\d+) => not found")
_COUNT: Final = re.compile(rb"mesg=(\d+)")


@dataclass(frozen=True, slots=True)
class Sink:
    """A running one. `counted` is a file with its running count."""

    port: int
    counted: Path

    def received(self) -> int:
        """How many mails it took."""
        found = _COUNT.findall(self.counted.read_bytes()[-200:])
        return int(found[-1]) if found else 0


@asynccontextmanager
async def smtp_sink(
    software: Path, folder: Path, *switches: str, port: int | None = None
) -> AsyncIterator[Sink]:
    """A fresh one, on a free port if none is given.

    `software` is where unpacked packages are kept; `switches` are the faults that it is to have.
    """
    program, environment = await asyncio.to_thread(_program, software)
    sink = Sink(port or free_ports(1)[0], folder / "smtp-sink.count")
    user = ["-u", getpass.getuser()] if os.geteuid() == 0 else []
    with sink.counted.open("wb") as out, (folder / "smtp-sink.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, "-c", *user, *switches, f"{LOOPBACK}:{sink.port}", _BACKLOG,
            stdout=out, stderr=log, env=environment,
        )  # fmt: skip
    try:
        while not accepts(sink.port):
            await asyncio.sleep(_LOOK_AGAIN)
            if process.returncode is not None:
                raise StackError(
                    f"smtp-sink ended: {(folder / 'smtp-sink.log').read_text(encoding='utf-8')}"
                )
        yield sink
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _program(software: Path) -> tuple[str, dict[str, str]]:
    """The program and the environment in which it finds its libraries."""
    own = shutil.which("smtp-sink", path=_SYSTEM_PATH)
    if own is not None:
        return own, {}
    folder = software / "postfix"
    with held(software / "postfix.lock"):
        if not folder.exists():
            debian.unpack(["postfix"], folder)
        program = str(folder / "usr/sbin/smtp-sink")
        libraries = [folder / "usr/lib/postfix"]
        # Python and apt bring what else it needs, but for ICU.
        icu = _ICU.search(_linked(program, libraries))
        if icu is not None:
            libraries.extend(_icu(software, f"libicu{icu[1]}"))
    return program, _environment(libraries)


def _icu(software: Path, package: str) -> list[Path]:
    folder = software / package
    if not folder.exists():
        debian.unpack([package], folder)
    return sorted({file.parent for file in folder.rglob("libicuuc.so.*")})


def _linked(program: str, libraries: list[Path]) -> str:
    done = subprocess.run(
        ["ldd", program],
        env={**os.environ, **_environment(libraries)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _environment(libraries: list[Path]) -> dict[str, str]:
    return {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
