"""What `klantcontact status` shows on a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.segment import Segment
from rich.text import Text

from worker.cli import calling
from worker.cli.hiding import counted
from worker.cli.page_parts import heading, table
from worker.cli.phrases import ago, lasted
from worker.cli.status_processes import processes, troubles
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from worker.cli.status import Status
    from worker.counting import Counts

_PREFIX: Final = "klantcontact."


@dataclass(frozen=True, slots=True)
class Page:
    """All of it, as one; where the terminal is too low, with how much of it is not to be seen."""

    found: Status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        whole = options.update(height=None)
        rows = console.render_lines(Group(*lines(self.found)), whole, pad=False)
        height = options.size.height if console.is_terminal else len(rows)
        left_out = len(rows) - height
        for row in rows if left_out <= 0 else rows[: height - 1]:
            yield from row
            yield Segment.line()
        if left_out > 0:
            words = f"{left_out + 1} more lines: make the terminal higher, or leave out --watch"
            yield Text(words, style="yellow", no_wrap=True, overflow="ellipsis")


def lines(found: Status) -> Iterator[RenderableType]:
    """All of it, from what is wrong to what is usual."""
    yield Text.assemble(("klantcontact", "bold"), f"  {calling.moment(found.moment)}")
    for failure in found.failures:
        yield Text(f"Error: {failure}", style="red", overflow="fold")
    for trouble in _wrong(found):
        yield Text(trouble, style="red", overflow="fold")
    if found.counts is None:
        yield Text("Without the database nothing is known of processes.", style="dim")
    else:
        yield from _counts(found, found.counts)
    if found.queues is not None:
        yield from _queues(found)
    if found.processes is not None:
        yield from processes(found)


def _wrong(found: Status) -> Iterator[str]:
    if found.processes is not None:
        yield from troubles(found)
    yield from _blocked(found)
    for queue in found.queues or ():
        if queue.missing:
            yield f"Queue {queue.queue} is missing: klantcontact topology check"
    if found.counts is not None and found.counts.parked:
        parked = counted(found.counts.parked, "row")
        yield f"{parked} parked in the outbox: klantcontact topology check, then unpark"


def _blocked(found: Status) -> Iterator[str]:
    """Queues that stand still, and what helps."""
    for each in found.blocked or ():
        words = f"Queue {each.queue} stands still for {lasted(each.since, found.moment)}: RabbitMQ"
        words += f" fails on its next message ({printable(each.said)})"
        yield f"{words}; {printable(each.reason or 'it is being put away')}"


def _queues(found: Status) -> Iterator[RenderableType]:
    yield from heading("Queues")
    shown = table("queue", "messages", "consumers", numbers=2)
    for each in found.queues or ():
        name = each.queue.removeprefix(_PREFIX)
        if each.missing:
            shown.add_row(name, Text("missing", "red"), "")
        else:
            shown.add_row(name, _number(each.messages), _number(each.consumers))
    yield shown
    if any(each.messages is None and not each.missing for each in found.queues or ()):
        yield Text("?: RabbitMQ tells this user nothing of it.", style="dim")


def _number(number: int | None) -> str:
    return "?" if number is None else str(number)


def _counts(found: Status, counts: Counts) -> Iterator[RenderableType]:
    yield from heading("In the database")
    shown = table("what", "count", "", numbers=1, head=False)
    shown.add_row("registered in the last minute", str(found.last_minute), "")
    shown.add_row("registered in the last hour", str(found.last_hour), "")
    shown.add_row("outbox, due", str(counts.outbox), _oldest(found, counts.outbox_since))
    if counts.parked:
        shown.add_row("outbox, parked", Text(str(counts.parked), "red"), "")
    for toestand, number in sorted(counts.notifications.items()):
        shown.add_row(f"mails, {toestand}", str(number), "")
    for (code, toestand), number in sorted(counts.dead_letters.items()):
        oldest = _oldest(found, counts.waiting_since) if toestand == "wacht" else ""
        shown.add_row(f"dead letters, {toestand}: {code}", str(number), oldest)
    yield shown


def _oldest(found: Status, since: datetime | None) -> str:
    return "" if since is None else f"the oldest {ago(since, found.moment)}"
