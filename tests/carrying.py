"""A program that brings its own C library, made of the machine's."""

from __future__ import annotations

import shutil
from pathlib import Path

from worker.stack.carried import carry


def carried(folder: Path, name: str = "cat") -> Path:
    """A program of the machine, with the C library and loader it needs, in a folder like a root."""
    libraries = folder / "usr/lib/x-linux-gnu"
    libraries.mkdir(parents=True)
    loader = next(Path("/").glob("lib/*-linux-*/ld-linux*.so.*"))
    for path in (loader, loader.with_name("libc.so.6")):
        shutil.copy(path, libraries)
    (folder / "bin").mkdir()
    shutil.copy(shutil.which(name) or "", folder / "bin" / name)
    carry(folder, ["bin/*"])
    return folder / "bin" / name
