"""What was done with one page of dead letters, and where the next one begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from worker.postgres.choosing import Place


@dataclass(frozen=True, slots=True)
class Page:
    """`done` are the ids, `passed` how many were left alone: in other hands, or not to be done.

    `end` is where the next page begins; None says that this was the last.
    """

    done: tuple[UUID, ...]
    passed: int
    end: Place | None


def page(places: Sequence[Place], done: Sequence[UUID], most: int) -> Page:
    """The page of which `places` were chosen and `done` were done."""
    end = places[-1] if len(places) == most else None
    return Page(tuple(done), len(places) - len(done), end)
