"""Not yet."""

from __future__ import annotations


def retry() -> None:
    """Not yet."""
    raise NotImplementedError
