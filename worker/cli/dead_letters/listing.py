"""Not yet."""

from __future__ import annotations


def list_() -> None:
    """Not yet."""
    raise NotImplementedError


def groups() -> None:
    """Not yet."""
    raise NotImplementedError
