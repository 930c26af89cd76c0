"""A fault with its name, and what whoever mixes faults must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.faults import world


@dataclass(frozen=True, slots=True)
class Named:
    """A fault of the catalogue.

    `touches` names what it changes outside the program: of two that touch the same thing one
    would undo the other.
    """

    name: str
    make: world.Fault
    touches: frozenset[str] = frozenset()
    repeats_mails: bool = False
    """Whether a mail may be sent twice for it: its answer was heard and not put on record."""

    def __call__(self, world: world.World) -> AbstractAsyncContextManager[None]:
        """Make it."""
        return self.make(world)
