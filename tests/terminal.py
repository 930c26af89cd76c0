"""The program on a terminal of a size, with somebody who types."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINES = 24


async def on_a_terminal(
    *arguments: str, environment: Mapping[str, str], columns: int = 80, typed: bytes = b""
) -> tuple[int, str]:
    """The exit status, and all that was to be seen, of `klantcontact …`."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, columns, 0, 0))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "worker",
            *arguments,
            env={**os.environ, **environment, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        os.write(ours, typed)
        async with asyncio.timeout(DEADLINE):
            seen = await asyncio.to_thread(_all_of, ours)
            return await process.wait(), seen
    finally:
        os.close(ours)


def _all_of(terminal: int) -> str:
    seen = b""
    # The last one to close a terminal makes reading from it an error.
    with suppress(OSError):
        while part := os.read(terminal, 4096):
            seen += part
    return seen.decode().replace("\r\n", "\n")
