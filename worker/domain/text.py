"""Pieces of text as the contract and the database can hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, StringConstraints

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


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An ISO 8601 moment with offset, kept in UTC: the same moment is the same value."""


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
