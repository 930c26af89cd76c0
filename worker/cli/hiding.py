"""What stands in the place of personal data that nobody asked to see."""

from __future__ import annotations

from typing import Final

from worker.postgres import confidential

MASK: Final = confidential.MASK


def hidden(value: object) -> str:
    """What is said of a value instead of it: how much there is of it."""
    match value:
        case str():
            return f"{MASK} ({counted(len(value), 'character')})"
        case list():
            return f"{MASK} ({counted(len(value), 'item')})"
        case dict():
            return f"{MASK} ({counted(len(value), 'field')})"
        case _:
            return MASK


def counted(number: int, what: str) -> str:
    """`number` of them, in words: `1 item`, `2 items`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
