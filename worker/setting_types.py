"""What a setting may be, where Python's own types say too little."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, JsonValue
from pydantic_settings import NoDecode

# Shorter, what is done again and again would take all of a processor's time.
SHORTEST_PERIOD: Final = timedelta(milliseconds=50)
# Shorter, what one process holds would be another's before it can be done.
SHORTEST_LEASE: Final = timedelta(seconds=1)
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


def unit(name: str) -> dict[str, JsonValue]:
    """What a setting is counted in, for its documentation; its type says the rest."""
    return {"unit": name}


def _with_placeholder(url: str) -> str:
    if "{zaak}" not in url:
        msg = "must hold {zaak}, where the number of the zaak goes"
        raise ValueError(msg)
    return url


def _is_path(path: Path) -> Path:
    # Whoever puts the key itself there must not see it come back in a message or a listing.
    if "-----BEGIN" in str(path):
        msg = "must be the path of a file, not its content"
        raise ValueError(msg)
    return path


def _is_read(address: str) -> str:
    # Here: what is asked of an address later would end the program with a traceback.
    try:
        _ = urlsplit(address).port if "://" in address else None
    except ValueError:
        msg = "cannot be read as an address"
        raise ValueError(msg) from None
    return address


def _of_seconds(value: object) -> object:
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else value


def _separated(text: object) -> object:
    if not isinstance(text, str):
        return text
    return [each for part in text.split(",") if (each := part.strip())]


ZaakUrl = Annotated[str, AfterValidator(_with_placeholder)]
"""With `{zaak}` where its number goes."""
PemFile = Annotated[Path, AfterValidator(_is_path)]
"""The path of a file in PEM."""
Address = Annotated[str, AfterValidator(_is_read)]
"""A URL, or the path of a file."""
Duration = Annotated[timedelta, BeforeValidator(_of_seconds)]
"""ISO 8601, as PT15M, or a number of seconds: 0 is no time at all."""
Durations = Annotated[tuple[Duration, ...], NoDecode, BeforeValidator(_separated)]
"""Several, with commas between them."""
