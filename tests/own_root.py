"""A root of its own for services of Debian: this machine's, with more packages and files.

An overlay over the machine's root in a mount namespace: packages are installed by the machine's
own apt, users are added and files written, and all of it is gone with the process. The network is
the machine's, so services listen on free ports of the loopback address.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

_CHECKOUT: Final = Path(__file__).parents[1]
_PROGRAM: Final = "/opt/klantcontact"
"""Where the checkout is in it, for users who may not enter this folder."""
_ENTER: Final = f"""
set -eu
room=$1 checkout=$2 shared=$3
mount -t tmpfs tmpfs "$room"
mkdir "$room/upper" "$room/work" "$room/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$room/upper,workdir=$room/work" "$room/root"
mount --rbind /dev "$room/root/dev"
mount -t proc proc "$room/root/proc"
mkdir -p "$room/root{_PROGRAM}" "$room/root/etc/klantcontact"
mount --rbind "$checkout" "$room/root{_PROGRAM}"
mount --bind "$shared" "$room/root/etc/klantcontact"
exec chroot "$room/root" /bin/sh /etc/klantcontact/start.sh
"""
_INSTALL: Final = """
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends {packages}
useradd --system --shell /usr/sbin/nologin --home-dir /nonexistent klantcontact
"""
# The interpreter may be in somebody's home.
_COMMAND: Final = f"""
python=$(readlink -f {_PROGRAM}/.venv/bin/python)
while [ "$python" != / ]; do python=$(dirname "$python"); chmod o+x "$python"; done
cat > /usr/local/bin/klantcontact <<'END'
#!/bin/sh
export PYTHONPATH={_PROGRAM} PYTHONDONTWRITEBYTECODE=1
exec {_PROGRAM}/.venv/bin/python -m worker "$@"
END
chmod 755 /usr/local/bin/klantcontact
"""


def needs_own_root() -> None:
    """Skip where there can be none; on a machine of CI that is a failure."""
    programs = ("unshare", "chroot", "apt-get", "useradd")
    if os.geteuid() == 0 and all(map(shutil.which, programs)):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("a root of its own needs root and Debian")
    pytest.skip("a root of its own needs root and Debian")


@asynccontextmanager
async def own_root(
    folder: Path, packages: Sequence[str], files: Mapping[str, str], script: str
) -> AsyncIterator[Path]:
    """Run `script` in one with `packages` and `files`, by their paths in it.

    Gives the log of all that it prints. `folder` is /etc/klantcontact in it, readable by all.
    """
    room, log = _prepared(folder, packages, files, script)
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", _ENTER),
            *("sh", str(room), str(_CHECKOUT), str(folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        yield log
    finally:
        if process.returncode is None:
            # It ignores SIGTERM; with it ends all that it started.
            process.kill()
        await process.wait()


def _prepared(
    folder: Path, packages: Sequence[str], files: Mapping[str, str], script: str
) -> tuple[Path, Path]:
    """Where its mounts go, and its log; what it runs is in `folder`."""
    room, log = (folder.with_name(f"{folder.name}{end}") for end in ("-room", ".log"))
    room.mkdir()
    folder.chmod(0o755)
    written = [
        f"mkdir -p {Path(name).parent}\ncat >> {name} <<'END'\n{content}END\n"
        for name, content in files.items()
    ]
    start = [_INSTALL.format(packages=" ".join(packages)), _COMMAND, *written, script]
    (folder / "start.sh").write_text("\n".join(start), encoding="utf-8")
    return room, log
