"""What is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["lost", "twice", "unexpected"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, with the ids by which it can be found."""

    kind: Kind
    what: str


def lost(what: str) -> Finding:
    """It should be there."""
    return Finding("lost", what)


def twice(what: str) -> Finding:
    """It is there more than once."""
    return Finding("twice", what)


def unexpected(what: str) -> Finding:
    """Anything else."""
    return Finding("unexpected", what)
