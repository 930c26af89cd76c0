"""xmllint: the machine's own, or Debian's, unpacked without root beside the stack's software."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.waiting import DEADLINE
from worker.stack import debian
from worker.stack.lock import held

if TYPE_CHECKING:
    from pathlib import Path

# With the libraries that a small image may lack; their names are those of a release.
_PACKAGES = (
    ("libxml2-utils", "libxml2", "libicu72"),  # Debian 12
    ("libxml2-utils", "libxml2-16", "libicu76"),  # Debian 13
)


def find_or_unpack(software: Path) -> list[str]:
    """The beginning of a command line; raises DebianError where it cannot be had."""
    own = shutil.which("xmllint")
    if own is not None:
        return [own]
    # A folder above it that nothing else is unpacked in, which `unpack` asks for.
    folder = software / "xmllint" / "unpacked"
    with held(software / "xmllint.lock"):
        if not folder.exists():
            _unpack(folder)
    libraries = ":".join(str(each) for each in folder.glob("usr/lib/*-linux-*"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", str(folder / "usr/bin/xmllint")]


def _unpack(folder: Path) -> None:
    first, second = _PACKAGES
    try:
        debian.unpack(first, folder)
    except debian.DebianError:
        debian.unpack(second, folder)


def validates(xmllint: list[str], schema: Path, document: bytes) -> tuple[bool, str]:
    """Whether `document` keeps to `schema`, and what was said of it."""
    command = [*xmllint, "--noout", "--nonet", "--schema", str(schema), "-"]
    environment = {**os.environ, "XML_CATALOG_FILES": ""}
    ended = subprocess.run(
        command, input=document, env=environment, capture_output=True, check=False, timeout=DEADLINE
    )
    return ended.returncode == 0, ended.stderr.decode()
