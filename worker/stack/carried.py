"""Programs that run with the C library that was unpacked beside them, whatever the machine has.

A program of another release of Debian needs that release's libraries, and the loader that goes
with them. Its file is kept as NAME.elf; in its place comes a script that starts it with both.
Nothing is set in the environment, so what such a program starts of the machine runs as ever.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from worker.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ELF: Final = b"\x7fELF"
_KEPT: Final = ".elf"
_LIBRARIES: Final = ("usr/lib/*-linux-*", "lib/*-linux-*")
_SCRIPT: Final = """\
#!/bin/sh
exec {loader} --library-path {libraries} --argv0 "$0" {program} "$@"
"""


def carry(folder: Path, patterns: Sequence[str]) -> None:
    """Let the programs in `folder` that match `patterns` run with the libraries in it.

    Done again it changes nothing, and where the folder has moved it puts the scripts right.
    Whoever calls keeps others from doing so at the same time. Raises StackError.
    """
    libraries = [path for pattern in _LIBRARIES for path in sorted(folder.glob(pattern))]
    loader = next((path for each in libraries for path in each.glob("ld-linux*.so.*")), None)
    if loader is None:
        message = f"{folder} holds no C library: delete it, and it is unpacked anew"
        raise StackError(message)
    for program in _programs(folder, patterns):
        text = _SCRIPT.format(
            loader=shlex.quote(str(loader)),
            libraries=shlex.quote(":".join(map(str, libraries))),
            program=shlex.quote(str(_kept(program))),
        )
        _write_script(program, text)


def _programs(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Where each program stands, or stood before it was carried."""
    found = [path for pattern in patterns for path in folder.glob(pattern)]
    fresh = {path for path in found if not path.is_symlink() and _is_elf(path)}
    return sorted({path.with_suffix("") if path.suffix == _KEPT else path for path in fresh})


def _is_elf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF


def _kept(program: Path) -> Path:
    return program.with_name(f"{program.name}{_KEPT}")


def _write_script(program: Path, text: str) -> None:
    if program.is_file() and _is_elf(program):
        program.rename(_kept(program))
    elif program.is_file() and program.read_text(encoding="utf-8") == text:
        return
    script = program.with_name(f"{program.name}.new")
    script.write_text(text, encoding="utf-8")
    script.chmod(0o755)
    script.replace(program)
