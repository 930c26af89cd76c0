"""A program in a tree of its own: its own mounts and processes, and no other root than the tree.

All mounts are of a namespace that ends with the program, so nothing is left mounted, however it
ends. The network is the machine's.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What Docker mounts too: /proc, some of /dev, and how names are found on the network.
_SCRIPT: Final = """
set -eu
tree=$1 sealed=$2 shown=$3 volumes=$4 owner=$5 folder=$6
shift 6
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount -t tmpfs -o mode=755,size=1m tmpfs "$tree/dev"
for each in null zero full random urandom tty; do
    touch "$tree/dev/$each"
    mount --bind "/dev/$each" "$tree/dev/$each"
done
ln -s /proc/self/fd "$tree/dev/fd"
for each in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$each" ] || mount --bind -o ro "$each" "$tree$each"
done
if [ -n "$shown" ]; then
    mkdir "$tree/dev/shown"
    mount --bind "$shown" "$tree/dev/shown"
    mount -o remount,bind,ro "$tree/dev/shown"
fi
for each in $volumes; do
    mkdir -p "$tree$each"
    mount -t tmpfs -o mode=1777 tmpfs "$tree$each"
done
if [ "$sealed" = yes ]; then
    mount -o remount,ro "$tree/dev"
    mount -o remount,bind,ro "$tree"
fi
exec chroot --userspec="$owner" --groups= "$tree" /usr/bin/env --ignore-environment \
    --chdir="$folder" "$@"
"""
_TIMED_OUT: Final = 124
SHOWN: Final = "/dev/shown"
"""Where a folder of the machine is seen in the room: among mounts, and not in the tree."""


@dataclass(frozen=True, slots=True)
class Room:
    """A tree, and as whom and with what a program runs in it.

    A `sealed` one can be written nowhere but in its `volumes`, which are empty and forgotten.
    """

    tree: Path
    environment: Mapping[str, str]
    folder: str = "/"
    user: int = 0
    group: int = 0
    sealed: bool = False
    volumes: tuple[str, ...] = ()
    shown: Path | None = None

    def command(self, words: Sequence[str]) -> list[str]:
        """The command of this machine that runs `words` in the room, as its first process."""
        given = [f"{name}={value}" for name, value in self.environment.items()]
        return [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"),
            *("sh", "-c", _SCRIPT, "room", str(self.tree), "yes" if self.sealed else "no"),
            *(str(self.shown or ""), " ".join(self.volumes), f"{self.user}:{self.group}"),
            *(self.folder, *given, *words),
        ]

    def start(self, words: Sequence[str], out: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start `words` with no input; what is returned is the process that holds the room."""
        command = self.command(words)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def run(self, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run `words` to their end, with no input; what they say comes back in one text.

        What takes longer is killed, and its status is that of timeout(1).
        """
        with TemporaryFile() as out:
            holder = self.start(words, out)
            try:
                status, late = holder.wait(seconds), ""
            except subprocess.TimeoutExpired:
                status, late = _TIMED_OUT, f"\nnot done after {seconds:.0f} s"
            finally:
                end(holder)
            out.seek(0)
            said = out.read().decode(errors="replace")
        return subprocess.CompletedProcess([*words], status, said + late)


def first_process(holder: subprocess.Popen[bytes]) -> int | None:
    """The process id, on the machine, of what was started in the room; None once it has ended."""
    children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
    if holder.poll() is not None:
        return None
    return next(map(int, children.read_text(encoding="ascii").split()), None)


def end(holder: subprocess.Popen[bytes]) -> None:
    """Leave nothing running: the room's other processes end with its first.

    It is not enough to kill the holder: what changes its user outlives it.
    """
    if (first := first_process(holder)) is not None:
        with suppress(ProcessLookupError):
            os.kill(first, signal.SIGKILL)
    if holder.poll() is None:
        holder.wait()
