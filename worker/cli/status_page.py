"""What `klantcontact status` shows on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from worker.cli import calling
from worker.cli.page_parts import heading
from worker.cli.phrases import ago, printable
from worker.role import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from worker.cli.status import Status
    from worker.counting import Counts

_PREFIX: Final = "klantcontact."


def page(found: Status) -> RenderableType:
    """All of it, as one."""
    return Group(*lines(found))


def lines(found: Status) -> Iterator[RenderableType]:
    """All of it, from what is wrong to what is usual."""
    yield Text.assemble(("klantcontact", "bold"), f"  {calling.moment(found.moment)}")
    for failure in found.failures:
        yield Text(f"Error: {failure}", style="red", overflow="fold")
    if found.processes is not None:
        yield from _processes(found)
    if found.queues is not None:
        yield from _queues(found)
    if found.counts is not None:
        yield from _counts(found, found.counts)


def _processes(found: Status) -> Iterator[RenderableType]:
    yield from heading("Processes")
    table = _table("role", "where", "version", "since", "")
    for each in found.processes or ():
        lost = "" if found.alive(each) else f"last seen {ago(each.seen, found.moment)}"
        where = f"{printable(each.host)}, {each.pid}"
        table.add_row(
            each.role, where, each.version, ago(each.since, found.moment), Text(lost, "red")
        )
    alive = {each.role for each in found.processes or () if found.alive(each)}
    if table.row_count:
        yield table
    for role in Role:
        if role not in alive:
            yield Text(f"No {role} is at work: klantcontact worker --role {role}", style="red")


def _queues(found: Status) -> Iterator[RenderableType]:
    yield from heading("Queues")
    table = _table("queue", "messages", "consumers", numbers=2)
    for each in found.queues or ():
        name = each.queue.removeprefix(_PREFIX)
        if each.missing:
            table.add_row(name, Text("missing", "red"), "")
        else:
            table.add_row(name, _number(each.messages), _number(each.consumers))
    yield table
    if any(each.messages is None and not each.missing for each in found.queues or ()):
        yield Text("?: RabbitMQ tells this user nothing of it.", style="dim")


def _number(number: int | None) -> str:
    return "?" if number is None else str(number)


def _counts(found: Status, counts: Counts) -> Iterator[RenderableType]:
    yield from heading("In the database")
    table = _table("what", "count", "", numbers=1, head=False)
    table.add_row("registered in the last minute", str(found.last_minute), "")
    table.add_row("registered in the last hour", str(found.last_hour), "")
    table.add_row("outbox, due", str(counts.outbox), _oldest(found, counts.outbox_since))
    if counts.parked:
        table.add_row("outbox, parked", Text(str(counts.parked), "red"), "")
    for toestand, number in sorted(counts.notifications.items()):
        table.add_row(f"mails, {toestand}", str(number), "")
    for (code, toestand), number in sorted(counts.dead_letters.items()):
        oldest = _oldest(found, counts.waiting_since) if toestand == "wacht" else ""
        table.add_row(f"dead letters, {toestand}: {code}", str(number), oldest)
    yield table


def _oldest(found: Status, since: datetime | None) -> str:
    return "" if since is None else f"the oldest {ago(since, found.moment)}"


def _table(*columns: str, numbers: int = 0, head: bool = True) -> Table:
    table = Table(box=None, show_header=head, header_style="dim", pad_edge=False)
    for place, column in enumerate(columns):
        right = 1 <= place <= numbers
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    return table
