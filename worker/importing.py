"""Facts from a file of JSON Lines: in batches, a bad line stops nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from worker.errors import BatchRejected, Code, Refusal, Violation
from worker.register import DatedFact, RegisterStore, dated, parse_fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

_BATCH = 500
_LONGEST_LINE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no fact: its number from 1, and why."""

    number: int
    reason: str


@dataclass(slots=True)
class Import:
    """What became of a file."""

    lines: int = 0
    stored: int = 0
    bad: list[BadLine] = field(default_factory=list)


async def import_lines(  # noqa: PLR0913 (each is a choice of the caller's, all by keyword)
    source: IO[bytes],
    store: RegisterStore,
    *,
    now: datetime,
    sent: datetime | None,
    skew: timedelta,
    by: str,
    advance: Callable[[int], None],
) -> Import:
    """Store the facts of `source`; `sent` is the time of lines that carry none.

    Raises Outage; what was stored before it stays, and importing again is harmless.
    """
    report = Import()
    for numbered in _batches(source):
        facts: list[tuple[int, DatedFact]] = []
        for number, line in numbered:
            try:
                facts.append((number, _read(line, sent, now, skew)))
            except Refusal as refusal:
                report.bad.append(BadLine(number, _reason(refusal)))
        report.lines += len(numbered)
        await _put(store, facts, report, now, by)
        advance(len(numbered))
    report.bad.sort(key=lambda each: each.number)
    return report


def _batches(source: IO[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    for number, line in enumerate(iter(lambda: source.readline(_LONGEST_LINE), b""), start=1):
        if line.strip():
            batch.append((number, line))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _read(line: bytes, sent: datetime | None, now: datetime, skew: timedelta) -> DatedFact:
    fact = parse_fact(line)
    if fact.time is None and sent is None:
        detail = "the line carries no time; add one, or give --time"
        raise Refusal(Violation(Code.ONGELDIG, detail, "time"))
    return dated(fact, sent or now, now, skew)


def _reason(refusal: Refusal) -> str:
    return "; ".join(
        f"{each.field}: {each.detail}" if each.field else each.detail for each in refusal.violations
    )


async def _put(
    store: RegisterStore,
    facts: list[tuple[int, DatedFact]],
    report: Import,
    now: datetime,
    by: str,
) -> None:
    """Store a batch; one that the database refuses is halved down to the lines at fault."""
    if not facts:
        return
    try:
        report.stored += await store.put([fact for _, fact in facts], [], now, by)
    except BatchRejected as rejected:
        if len(facts) == 1:
            report.bad.append(BadLine(facts[0][0], f"the database refuses it: {rejected}"))
            return
        middle = len(facts) // 2
        await _put(store, facts[:middle], report, now, by)
        await _put(store, facts[middle:], report, now, by)
