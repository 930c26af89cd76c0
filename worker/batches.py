"""Batches in hand: one log line and one measurement each, and what its messages' lines need."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from worker import metrics, spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from worker.envelope import Delivery, Story
    from worker.logs import Log
    from worker.spans import Span

_NUMBERS: Final = count(1)


class Batch(NamedTuple):
    """One in hand: its number in this process, and `began`, by the monotonic clock."""

    number: int
    began: float
    span: Span | None = None

    @property
    def ms(self) -> float:
        """How long it has been in hand, in milliseconds."""
        return round((time.monotonic() - self.began) * 1000, 1)


_CURRENT: ContextVar[Batch | None] = ContextVar("batch", default=None)


def current() -> Batch | None:
    """The batch that the calling task has in hand."""
    return _CURRENT.get()


def current_span() -> Span | None:
    """That batch's span, if spans are wanted."""
    found = _CURRENT.get()
    return None if found is None else found.span


@dataclass(slots=True)
class Batches:
    """Those of one role; its log lines bear the role."""

    role: str
    log: Log
    _in_hand: set[Batch] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Let the age of the oldest be asked for at any time: what is stuck ends no batch."""
        metrics.OLDEST_IN_HAND.labels(self.role).set_function(self._oldest)

    @contextmanager
    def in_hand(self, received: int, contexts: Iterable[str] = ()) -> Iterator[Batch]:
        """One of so many; it is counted and timed if it comes to its end.

        `contexts` are those that its messages' senders gave them.
        """
        number = next(_NUMBERS)
        span = spans.of_batch(self.role, number, received, contexts)
        batch = Batch(number, time.monotonic(), span)
        self._in_hand.add(batch)
        token = _CURRENT.set(batch)
        try:
            yield batch
        except BaseException as error:
            spans.end(span, error=type(error).__name__)
            raise
        finally:
            self._in_hand.remove(batch)
            _CURRENT.reset(token)
        spans.end(span)
        metrics.BATCH_MESSAGES.labels(self.role).observe(received)
        metrics.BATCH_SECONDS.labels(self.role).observe(batch.ms / 1000)

    def _oldest(self) -> float:
        began = min((each.began for each in self._in_hand), default=None)
        return 0 if began is None else time.monotonic() - began


@dataclass(frozen=True, slots=True)
class Measured:
    """A story, each of whose batches is measured and has its line in the log."""

    story: Story
    batches: Batches

    async def take(self, batch: Sequence[Delivery]) -> None:
        """As the story's."""
        with self.batches.in_hand(len(batch), _contexts(batch)) as taken:
            await self.story.take(batch)
            self._say(batch, taken)

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        """As the story's."""
        with self.batches.in_hand(len(batch), _contexts(batch)) as taken:
            await self.story.condemn(batch)
            metrics.SUSPECTS.inc(len(batch))
            self._say(batch, taken)

    def _say(self, batch: Sequence[Delivery], taken: Batch) -> None:
        self.batches.log.info("batch", batch=taken.number, received=len(batch), ms=taken.ms)


def _contexts(batch: Sequence[Delivery]) -> Iterator[str]:
    return (found for each in batch if (found := spans.context(each.headers)))
