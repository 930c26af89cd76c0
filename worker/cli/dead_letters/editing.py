"""Not yet."""

from __future__ import annotations


def edit() -> None:
    """Not yet."""
    raise NotImplementedError
