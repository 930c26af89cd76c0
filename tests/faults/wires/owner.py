"""Whose a connection is: the process at the other end of it on this machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_LOCAL, _REMOTE, _INODE = 1, 2, 9


def owner(port: int, to: int) -> int | None:
    """The pid of the process that connected from `port` to `to`, both on this machine.

    None if it is another user's, or gone by now.
    """
    inode = _inode(port, to)
    if inode is None:
        return None
    wanted = f"socket:[{inode}]"
    for process in Path("/proc").glob("[0-9]*"):
        # Processes end, and others are not ours to look into.
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(descriptor.readlink()) == wanted:
                        return int(process.name)
    return None


def _inode(port: int, to: int) -> str | None:
    """The socket's, from /proc/net/tcp: addresses are hexadecimal there, ports after a colon."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    for line in lines:
        fields = line.split()
        ends = (fields[_LOCAL].rpartition(":")[2], fields[_REMOTE].rpartition(":")[2])
        if ends == (f"{port:04X}", f"{to:04X}") and fields[_INODE] != "0":
            return fields[_INODE]
    return None
