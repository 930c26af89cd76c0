"""Tokens of the bench: one a shift, for each medewerker at each channel."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from joserfc import jwt
from joserfc.jwk import OctKey

from worker.rabbitmq.topology import KANALEN

if TYPE_CHECKING:
    from pathlib import Path

# Of the bench alone, made up here; a stack of the bench does not outlive it.
_SECRET: Final = "the-bench-measures-with-this-secret"
# A token is good for an hour, a whole run may take longer.
_SHIFT_SECONDS: Final = 1200
_DAY_SECONDS: Final = 86_400


def of(kanaal: str, medewerker: str, digest: str | None = None) -> str:
    """The token of a medewerker, bound to a body if its digest is given."""
    return _made(kanaal, medewerker, int(time.time()) // _SHIFT_SECONDS * _SHIFT_SECONDS, digest)


@lru_cache(maxsize=1024)
def of_the_day(kanaal: str, medewerker: str) -> str:
    """One that is good from a day ago until tomorrow: also for who has the wrong time."""
    now = int(time.time())
    return _signed(kanaal, medewerker, iat=now - _DAY_SECONDS, exp=now + _DAY_SECONDS)


@lru_cache(maxsize=1024)
def _made(kanaal: str, medewerker: str, issued: int, digest: str | None) -> str:
    return _signed(kanaal, medewerker, iat=issued, **({} if digest is None else {"digest": digest}))


def _signed(kanaal: str, medewerker: str, **more: str | int) -> str:
    claims = {"iss": kanaal, "client_id": kanaal, "user_id": medewerker, **more}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(_SECRET))


def write(file: Path) -> None:
    """The secrets that the program verifies them with."""
    secrets = {kanaal: {"current": _SECRET} for kanaal in KANALEN}
    file.write_text(json.dumps(secrets), encoding="utf-8")
