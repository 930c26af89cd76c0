"""Not yet."""

from __future__ import annotations


def archive() -> None:
    """Not yet."""
    raise NotImplementedError


def restore() -> None:
    """Not yet."""
    raise NotImplementedError


def note() -> None:
    """Not yet."""
    raise NotImplementedError
