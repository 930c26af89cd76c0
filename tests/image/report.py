"""A line for each thing that was looked at."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH: Final = 80
_SHOWN: Final = 5


@dataclass(slots=True)
class Report:
    """Prints as things are seen; `wrong` counts what isn't so."""

    write: Callable[[str], None]
    seen: int = 0
    wrong: int = 0

    def tell(self, text: str) -> None:
        """What is no judgement."""
        self.write(_wrapped("      ", text))

    def step(self, text: str) -> None:
        """What is being done, which may take a while: as much as one line holds."""
        self.write(f"  ... {textwrap.shorten(text, WIDTH - 6, placeholder=' …')}")

    def check(self, what: str, *, holds: bool, details: Sequence[str] = ()) -> None:
        """Whether `what` is so, and what says otherwise."""
        self.seen += 1
        self.wrong += not holds
        self.write(_wrapped("ok    " if holds else "WRONG ", what))
        if holds:
            return
        for each in details[:_SHOWN]:
            self.tell(each)
        if len(details) > _SHOWN:
            self.tell(f"and {len(details) - _SHOWN} more")

    def none(self, what: str, found: Sequence[str]) -> None:
        """`what` says that there is nothing; `found` is what there is."""
        self.check(what, holds=not found, details=found)


def _wrapped(head: str, text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
