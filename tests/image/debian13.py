"""`python -m tests.image.debian13`: `make test-python` on Debian 13, with its own Python.

In a root of its own, made by debootstrap and deleted in the end; the network is the machine's.
The exit status is that of the tests, or 2 where it can't be done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.image.base import BuildError, make
from tests.image.building import authorities, network
from tests.image.possible import CHECKOUT, impossible
from tests.image.room import Room, end
from worker.stack.looking import default_root

_PLACE: Final = "/klantcontact"
_SCRIPT: Final = """
set -e
apt-get -qq update
apt-get -qq install --no-install-recommends ca-certificates make python3 >/dev/null 2>&1
exec make test-python
"""


def main() -> int:
    """Make the root, run the tests in it; the exit status."""
    if why := impossible():
        print(f"Error: {why}", file=sys.stderr)  # noqa: T201 (a line for a person)
        return 2
    root = default_root()
    root.mkdir(mode=0o700, exist_ok=True)
    with TemporaryDirectory(prefix="debian13-", dir=root) as name:
        folder = Path(name)
        tree = folder / "root"
        tree.mkdir(mode=0o755)
        try:
            make("trixie", tree)
        except BuildError as error:
            print(f"Error: {error}", file=sys.stderr)  # noqa: T201 (a line for a person)
            return 2
        _copy(tree / _PLACE.lstrip("/"))
        return _run(folder, tree)


def _copy(target: Path) -> None:
    """What git knows of the checkout, as it stands."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (CHECKOUT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target / name)


def _run(folder: Path, tree: Path) -> int:
    """The tests, as long as they take; what they print goes on to this one's output."""
    room = Room(
        tree,
        {
            "HOME": "/root",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **network(os.environ),
        },
        folder=_PLACE,
        volumes=("/tmp", "/run", "/dev/shm"),  # noqa: S108 (of the room)
        shown=authorities(folder, os.environ),
    )
    sys.stdout.flush()
    holder = room.start(["sh", "-c", _SCRIPT], sys.stdout.buffer)
    try:
        return holder.wait()
    finally:
        end(holder)


if __name__ == "__main__":
    sys.exit(main())
