"""Makes `.venv` in the checkout with the locked dependencies: `python3 worker/stack/bootstrap.py`.

`--environment .venv-other` makes another one beside it, with the Python that this is run with.
Standard library only, and nothing outside the checkout is written. Where the machine's Python
comes without pip, as on plain Debian, pip is taken from Debian's package of its wheel. Run again
it does nothing, or what an interrupted run left undone.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
if not __package__:
    # As a script, the folder it lies in is on the path instead of the checkout.
    sys.path[0] = str(CHECKOUT)

from worker.stack import debian  # noqa: E402 (the path comes first)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OLDEST: Final = (3, 11)
ENVIRONMENT: Final = ".venv"
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+==[^\s;\\]+)", re.MULTILINE)
_WHEELS: Final = "usr/share/python-wheels"


class BootstrapError(Exception):
    """The environment can't be made; the message is one line and says what to do."""


@dataclass(frozen=True)
class Stamp:
    """What an environment was made from; it is written when all of it is done."""

    python: str
    checkout: str
    project: str
    pins: tuple[str, ...]

    def covers(self, wanted: Stamp) -> bool:
        """Whether nothing needs doing; an environment may hold more than is asked."""
        same_project = self.fits(wanted) and self.project == wanted.project
        return same_project and set(wanted.pins) <= set(self.pins)

    def fits(self, wanted: Stamp) -> bool:
        """Whether `wanted` can be installed over it."""
        return (self.python, self.checkout) == (wanted.python, wanted.checkout)

    def after(self, wanted: Stamp) -> Stamp:
        """Itself after `wanted` was installed over it: other packages stay."""
        names = {pin.partition("==")[0] for pin in wanted.pins}
        others = [pin for pin in self.pins if pin.partition("==")[0] not in names]
        return replace(wanted, pins=(*wanted.pins, *others))


def wanted(checkout: Path, lock: str) -> Stamp:
    """What an environment for `lock`, a file in the checkout, is made from."""
    try:
        text = (checkout / lock).read_text(encoding="utf-8")
    except OSError as error:
        message = f"no lock file {lock} in {checkout}: give --lock the name of one that is there"
        raise BootstrapError(message) from error
    tables = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    # What the tools of the checks are set to makes no other environment.
    installed = [
        tables.get("build-system"),
        tables.get("project"),
        tables.get("tool", {}).get("hatch"),
    ]
    project = hashlib.sha256(json.dumps(installed).encode()).hexdigest()
    python = f"{sys.version} {os.path.realpath(sys.executable)}"
    return Stamp(python, str(checkout), project, tuple(_PIN.findall(text)))


def bootstrap(checkout: Path, lock: str, name: str = ENVIRONMENT) -> None:
    """Make or complete the environment `name` in `checkout`. Raises BootstrapError."""
    if sys.version_info < OLDEST:
        message = f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}"
        raise BootstrapError(message)
    environment = checkout / name
    with _alone(checkout / ".stack"):
        goal, stamp = wanted(checkout, lock), read_stamp(environment)
        if stamp is not None and stamp.covers(goal):
            return
        _stamp_file(environment).unlink(missing_ok=True)
        if stamp is None or not stamp.fits(goal):
            stamp = goal
            _make(environment)
        _install(environment, checkout, lock)
        done = json.dumps(asdict(stamp.after(goal)))
        _stamp_file(environment).write_text(done, encoding="utf-8")


def read_stamp(environment: Path) -> Stamp | None:
    """The stamp of an environment; None when it isn't there, or isn't whole."""
    try:
        kept = json.loads(_stamp_file(environment).read_text(encoding="utf-8"))
        return Stamp(kept["python"], kept["checkout"], kept["project"], tuple(kept["pins"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _stamp_file(environment: Path) -> Path:
    return environment / "stamp.json"


def _make(environment: Path) -> None:
    """An empty environment, without pip, in the place of what was there."""
    _say(f"making {environment.name}, with Python {sys.version.split()[0]}")
    shutil.rmtree(environment, ignore_errors=True)
    # The base interpreter: an environment made from within another must not depend on it.
    python = getattr(sys, "_base_executable", None) or sys.executable
    _run([python, "-m", "venv", "--without-pip", str(environment)])


def _install(environment: Path, checkout: Path, lock: str) -> None:
    """All of `lock` and the project itself, with no look at what else there might be."""
    pip = [str(environment / "bin/python"), str(_pip_wheel(checkout) / "pip"), "install"]
    pip += ["-qq", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
    _say(f"installing {lock}")
    _run([*pip, "--require-hashes", "--requirement", str(checkout / lock)])
    _say("installing the project, editable")
    _run([*pip, "--no-build-isolation", "--editable", str(checkout)])


def _pip_wheel(checkout: Path) -> Path:
    """A wheel of pip: the machine's, or Debian's, unpacked in the checkout."""
    unpacked = checkout / ".stack/software/pip"
    for wheel in (*_own_wheels(), *unpacked.glob(f"{_WHEELS}/pip-*.whl")):
        return wheel
    _say("downloading pip from Debian's packages")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        debian.unpack(["python3-pip-whl"], unpacked)
    except debian.DebianError as error:
        message = f"Python has no pip, and Debian's can't be had ({error}): install python3-venv"
        raise BootstrapError(message) from error
    return next(unpacked.glob(f"{_WHEELS}/pip-*.whl"))


def _own_wheels() -> Iterator[Path]:
    """The wheels from which this machine's Python would install pip in an environment."""
    with contextlib.suppress(ImportError):
        import ensurepip  # noqa: PLC0415 (Debian leaves it out of python3)

        yield from (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    yield from Path("/", _WHEELS).glob("pip-*.whl")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two at the same time would undo each other's work."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "bootstrap.lock").open("a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # pip holds it too: if we are killed, the next run waits until pip no longer writes.
        os.set_inheritable(lock.fileno(), True)  # noqa: FBT003 (it takes no keyword)
        yield


def _run(command: Sequence[str]) -> None:
    """Run `command`; its errors go through to the terminal."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, close_fds=False, check=False)
    if done.returncode != 0:
        message = f"{' '.join(command[:4])} … failed, see above; run this again to go on"
        raise BootstrapError(message)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 (there is no Rich yet)


def main() -> int:
    """Parse the command line; the exit status is 0 when the environment is complete."""
    parser = argparse.ArgumentParser(description="Make an environment of the locked dependencies.")
    parser.add_argument("--lock", default="requirements-dev.lock", help="which lock file")
    parser.add_argument("--environment", default=ENVIRONMENT, help="the folder's name")
    given = parser.parse_args()
    try:
        bootstrap(CHECKOUT, given.lock, given.environment)
    except (BootstrapError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
