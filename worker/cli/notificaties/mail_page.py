"""One mail on a terminal: how it stands and what to do first, then all that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from worker.cli import calling, phrases
from worker.cli.hiding import MASK, hidden
from worker.cli.notificaties.listed_lines import COLOURS
from worker.cli.notificaties.next_step import next_step
from worker.cli.page_parts import field, heading, indented, whole
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from worker.postgres.dead_letter_details import Handled
    from worker.postgres.mail_details import MailDetails
    from worker.postgres.told import Attempt

MASKED: Final = f"{MASK} is masked; --reveal shows it, and is kept on record."
_MOST: Final = 50


def show(mail: MailDetails, *, reveal: bool) -> None:
    """Print it; what is an id is never broken, so that it can be copied."""
    put(_parts(mail, calling.out.width, reveal=reveal))


def put(parts: Iterator[RenderableType]) -> None:
    """Print the parts of a page."""
    for each in parts:
        calling.out.print(each, soft_wrap=isinstance(each, Text) and bool(each.no_wrap))


def _parts(mail: MailDetails, width: int, *, reveal: bool) -> Iterator[RenderableType]:
    yield from _standing(mail, width)
    yield ""
    for label, value in _essence(mail, reveal=reveal):
        yield from field(label, value, width)
    if mail.contacts:
        yield from heading("Klantcontacten")
        for each in mail.contacts:
            yield whole(f"{calling.moment(each.moment)}  {each.type:6}  {each.id}")
    if mail.attempts:
        yield from heading("Attempts and reports")
        yield from _attempts(mail.attempts, reveal=reveal)
    if mail.history:
        yield from heading("History")
        yield from _history(mail.history)
    if not reveal:
        yield ""
        yield Text(MASKED, style="dim")


def _standing(mail: MailDetails, width: int) -> Iterator[RenderableType]:
    yield whole(str(mail.id), style="bold")
    standing = Text(mail.toestand, COLOURS.get(mail.toestand, "cyan"))
    if mail.code is not None:
        standing.append(f", {mail.code}")
    yield standing
    step = next_step(mail)
    yield Text.assemble(("next: ", "dim"), step.words)
    if step.command:
        yield whole(phrases.command(step.command, width), style="green")


def _essence(mail: MailDetails, *, reveal: bool) -> Iterator[tuple[str, str]]:
    yield "zaak", mail.zaak
    yield "to", f"{mail.naam} <{mail.adres}>" if reveal else MASK
    yield "roles", ", ".join(sorted({rol for each in mail.contacts for rol in each.roles}))
    yield "made", calling.moment(mail.made)
    yield "sent", calling.moment(mail.sent) if mail.sent else ""
    yield "attempts", str(mail.tries)
    yield "kind", mail.soort
    yield "language", mail.taal
    yield "templates", mail.template or ""
    yield "Message-ID", mail.message_id or ""
    if mail.marked:
        yield "address", f"counts as undeliverable since {calling.moment(mail.marked)}"
    if mail.letter:
        yield "dead letter", f"{mail.letter.id} ({mail.letter.toestand})"
    yield "instead of", str(mail.repeats or "")
    for each in mail.repeated:
        yield "sent anew as", str(each)
    if mail.words and not any(each.words == mail.words for each in mail.attempts):
        yield "answer", mail.words if reveal else hidden(mail.words)


def _attempts(attempts: Sequence[Attempt], *, reveal: bool) -> Iterator[RenderableType]:
    if (earlier := len(attempts) - _MOST) > 0:
        yield Text(f"… {earlier} earlier; --json prints them", style="dim")
    for each in attempts[-_MOST:]:
        numbers = " ".join(str(part) for part in (each.code, each.status) if part)
        yield Text("  ".join(filter(None, (calling.moment(each.moment), each.toestand, numbers))))
        for line in (each.words if reveal else hidden(each.words)).splitlines():
            yield indented(Text(printable(line), style="dim"))


def _history(history: Sequence[Handled]) -> Iterator[RenderableType]:
    for each in history[-_MOST:]:
        new = f" as {each.details['as']}" if "as" in each.details else ""
        yield whole(f"{calling.moment(each.moment)}  {each.what} by {printable(each.by)}{new}")
        for line in (each.reason or "").splitlines():
            yield indented(Text(printable(line)))
