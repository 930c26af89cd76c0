"""`--wait`: until the worker is done with what was retried, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from worker.cli.dead_letters.batches import progress, told_to_stop
from worker.clock import pause
from worker.postgres.awaiting import settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from worker.postgres.pool import Pool

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0


@dataclass(slots=True)
class Outcome:
    """How many were resolved, refused again by code, archived meanwhile, and still on their way."""

    pending: int
    resolved: int = 0
    archived: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether none was refused again, and the worker is done with all."""
        return not self.pending and not self.refused

    def add(self, toestand: str, code: str) -> None:
        """Count one that the worker is done with."""
        self.pending -= 1
        if toestand == "open":
            self.refused[code] += 1
        elif toestand == "opgelost":
            self.resolved += 1
        else:
            self.archived += 1

    def document(self) -> dict[str, Any]:
        """What `--json` says of it."""
        return {
            "resolved": self.resolved,
            "refused": dict(self.refused.most_common()),
            "archived": self.archived,
            "pending": self.pending,
        }

    def lines(self) -> Iterator[str]:
        """For a person."""
        yield f"{self.resolved} resolved, {self.refused.total()} refused again."
        for code, count in self.refused.most_common():
            yield f"  {count} {code}"
        if self.archived:
            yield f"{self.archived} archived by somebody meanwhile."
        if self.pending:
            yield f"{self.pending} still on their way; is a worker running?"


async def outcome(pool: Pool, ids: Sequence[UUID], seconds: float, *, quiet: bool) -> Outcome:
    """Look until the worker is done with all of them, or `seconds` have passed."""
    waiting, found = set(ids), Outcome(len(ids))
    ends, again = time.monotonic() + seconds, _FIRST_PAUSE
    with told_to_stop() as stop, progress(quiet=quiet) as shown:
        bar = shown.add_task("waiting", total=len(ids))
        while waiting:
            for identity, toestand, code in await settled(pool, list(waiting)):
                waiting.discard(identity)
                found.add(toestand, code)
            shown.update(bar, completed=len(ids) - len(waiting))
            left = ends - time.monotonic()
            if not waiting or left <= 0 or stop.is_set():
                break
            await pause(stop, min(again, left))
            again = min(again * 1.5, _LONGEST_PAUSE)
    return found
