"""Whether roots can be made here, and of what checkout."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
_PROGRAMS: Final = {"debootstrap": "debootstrap", "unshare": "util-linux", "apt-get": "apt"}


def impossible() -> str | None:
    """Why it can't be done here, or None."""
    if os.geteuid() != 0:
        return "this makes roots and mounts: run it as root"
    missing = [package for name, package in _PROGRAMS.items() if shutil.which(name) is None]
    return f"apt-get install {' '.join(missing)}, on a Debian machine" if missing else None
