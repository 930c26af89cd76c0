"""Pieces of text as the contract and the database can hold them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Strict,
    StringConstraints,
)

# PostgreSQL cannot store U+0000 in text, JSON can carry it.
_STORABLE = r"^[^\x00]*$"

Name = Annotated[str, StringConstraints(pattern=_STORABLE, min_length=1, max_length=200)]
"""1 to 200 characters."""
OptionalName = Annotated[str, StringConstraints(pattern=_STORABLE, max_length=200)]
"""0 to 200 characters."""
Identification = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20]+$", max_length=100)]
"""1 to 100 characters without spaces or control characters."""
Paragraph = Annotated[str, StringConstraints(pattern=_STORABLE, max_length=4000)]
"""Up to 4000 characters, as `reactie` has in Klantinteracties."""
LongText = Annotated[str, StringConstraints(pattern=_STORABLE, max_length=10_000)]
"""Up to 10 000 characters: peers stop at 1000, and their clients ask for more."""

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def _in_utc(moment: datetime) -> datetime:
    if not _EARLIEST <= moment < _LATEST:
        msg = "a moment from 1900 on is needed"
        raise ValueError(msg)
    return moment.astimezone(UTC)


def _written_as_moment(value: object) -> object:
    """Pydantic takes digits for seconds since 1970: 20260105 would be a day of that year."""
    if isinstance(value, datetime) or (isinstance(value, str) and value[4:5] == "-"):
        return value
    msg = "a moment as 2026-01-05T10:35:00+01:00 is needed"
    raise ValueError(msg)


def _written_as_day(value: object) -> object:
    written = isinstance(value, str) and len(value) == len("2026-01-05") and value[4] == "-"
    if written or isinstance(value, date):
        return value
    msg = "a date as 2026-01-05 is needed"
    raise ValueError(msg)


# What stands before a validator that takes any object is no longer JSON's for pydantic: a text
# would be refused as such. What they let through is a text, or has the type already.
_TEXTS = Strict(strict=False)
Moment = Annotated[
    AwareDatetime, _TEXTS, BeforeValidator(_written_as_moment), AfterValidator(_in_utc)
]
"""An ISO 8601 moment with offset, kept in UTC: the same moment is the same value."""
Day = Annotated[date, _TEXTS, BeforeValidator(_written_as_day)]
"""An ISO 8601 date."""


@lru_cache(maxsize=1024)
def _language(code: str) -> str:
    if code in {"nl", "nld", "dut"}:
        return "nl"
    if not (code.isascii() and code.isalpha() and len(code) in {2, 3}):
        msg = "an ISO 639 code of two or three letters is needed"
        raise ValueError(msg)
    import langcodes  # noqa: PLC0415 (its tables take a while to load, and most send nl)

    if not langcodes.tag_is_valid(code):
        msg = "this is not an ISO 639 code"
        raise ValueError(msg)
    return langcodes.standardize_tag(code)


def known_language(code: str) -> str:
    """`code` as ISO 639-1 where there is one; what is no language at all is Dutch."""
    try:
        return _language(code.lower())
    except ValueError:
        return "nl"


Language = Annotated[str, AfterValidator(_language)]
"""Any ISO 639 code; nl, nld and dut alike are kept as nl (ISO 639-1 where there is one)."""


def printable(text: str) -> str:
    """`text` without what a terminal obeys: it may come from anywhere."""
    return "".join(each if each.isprintable() else "?" for each in text)
