"""Names that look like settings and are none: misspelt, or of another version.

They would be passed over in silence, and the default be in force.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from pydantic_settings import DotEnvSettingsSource

from worker.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Read elsewhere: by the embedded stack, by `topology apply`, and by the tests.
_ELSEWHERE: Final = tuple(f"{PREFIX}{part}_" for part in ("STACK", "MANAGEMENT", "TEST"))


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that sets nothing, and the setting that it is most like."""

    name: str
    nearest: str | None


def unknown_settings() -> list[Unknown]:
    """Those of the environment and of `.env`, each once."""
    fields = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    files = {f"{name}_FILE" for name in fields}
    found = dict.fromkeys(_strange(os.environ, fields | files))
    # Files are named by the environment alone.
    found |= dict.fromkeys(_strange(DotEnvSettingsSource(Settings).env_vars, fields))
    return [Unknown(name, _nearest(name, fields, files)) for name in sorted(found)]


def _strange(names: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in map(str.upper, names):
        if name.startswith(PREFIX) and name not in known and not name.startswith(_ELSEWHERE):
            yield name


def _nearest(name: str, fields: set[str], files: set[str]) -> str | None:
    """The setting that it is most like; a file of one only for what ends like that."""
    known = sorted(fields | files) if name.endswith("_FILE") else sorted(fields)
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None)
