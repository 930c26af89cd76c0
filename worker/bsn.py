"""Burgerservicenummers: none is meant to be in a log, and what looks like one is masked there.

Senders choose ids themselves, and some have made them of a BSN.
"""

from __future__ import annotations

import re
from typing import Any, Final

_NINE_DIGITS: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])", re.ASCII)
_NINE_BYTES: Final = re.compile(rb"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])")
_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)
MASK: Final = "(bsn)"


def is_one(digits: str) -> bool:
    """Whether nine digits pass the elfproef: their weighted sum is a multiple of eleven."""
    pairs = zip(digits, _WEIGHTS, strict=True)
    return sum(int(digit) * weight for digit, weight in pairs) % 11 == 0


def may_be_in(line: bytes) -> bool:
    """Whether nine digits stand by themselves anywhere in it."""
    return _NINE_BYTES.search(line) is not None


def masked(value: Any) -> Any:  # noqa: ANN401 (whatever a log line may hold)
    """The same without what passes the elfproef, in texts, numbers, lists and mappings."""
    match value:
        case bool() | float() | None:
            return value
        case int():
            return MASK if _masked(str(value)) == MASK else value
        case dict():
            return {masked(key): masked(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(each) for each in value]
        case _:
            return _masked(str(value))


def _masked(text: str) -> str:
    return _NINE_DIGITS.sub(lambda found: MASK if is_one(found[0]) else found[0], text)
