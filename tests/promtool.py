"""promtool: the machine's own, or Debian's, unpacked without root beside the stack's software."""

from __future__ import annotations

import shutil
from pathlib import Path

from worker.stack import debian
from worker.stack.lock import held


def find_or_unpack(software: Path) -> Path:
    """Where it is; raises DebianError where it cannot be had."""
    own = shutil.which("promtool")
    if own is not None:
        return Path(own)
    # A folder above it that nothing else is unpacked in, which `unpack` asks for.
    folder = software / "prometheus" / "unpacked"
    with held(software / "prometheus.lock"):
        if not folder.exists():
            debian.unpack(["prometheus"], folder)
    return folder / "usr/bin/promtool"
