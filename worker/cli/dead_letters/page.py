"""One dead letter on a terminal: what matters first, each part under its heading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from worker.cli import calling, phrases
from worker.cli.dead_letters.content_page import content_lines, version
from worker.cli.page_parts import field, heading, indented, whole
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from worker.cli.dead_letters.letter import Letter
    from worker.postgres.dead_letter_details import Handled

_MOST_HISTORY: Final = 50
_WHEN_DUE: Final = {"wacht": "next attempt", "hervat": "offered again"}


def show(letter: Letter) -> None:
    """Print it; what is an id is never broken, so that it can be copied."""
    for each in _parts(letter, calling.out.width):
        calling.out.print(each, soft_wrap=isinstance(each, Text) and bool(each.no_wrap))


def _parts(letter: Letter, width: int) -> Iterator[RenderableType]:
    yield from _problem(letter, width)
    yield ""
    for label, value in _essence(letter):
        yield from field(label, value, width)
    for title, values in (("Properties", letter.properties), ("Headers", letter.headers)):
        if values:
            yield from heading(title)
            for name, value in values.items():
                yield from field(printable(name), _plain(value), width)
    yield from heading(f"Content, {version(letter)}")
    yield from content_lines(letter)
    if letter.found.history:
        yield from heading("History")
        yield from _history(letter)
    if not letter.reveal:
        yield ""
        yield Text("••• is masked; --reveal shows it, and is kept on record.", style="dim")


def _problem(letter: Letter, width: int) -> Iterator[RenderableType]:
    yield whole(str(letter.found.stored.id), style="bold")
    title = str(letter.found.problem.get("title") or "")
    yield Text.assemble((letter.found.code, "bold red"), f": {printable(title)}")
    for each in letter.errors:
        field = f"{printable(each['field'])}: " if each["field"] else ""
        yield indented(Text(f"{each['code']}: {field}{printable(each['detail'])}"))
    if (remedy := letter.remedy) is None:
        return
    yield Text.assemble(("wrong: ", "dim"), remedy.wrong)
    yield Text.assemble(("sender: ", "dim"), remedy.helps)
    yield Text.assemble(("here: ", "dim"), remedy.here)
    if command := letter.command:
        yield whole(phrases.command(command, width), style="green")


def _essence(letter: Letter) -> Iterator[tuple[str, str]]:
    found, stored = letter.found, letter.found.stored
    applicatie, source, message_id = stored.key
    yield "toestand", stored.toestand
    if found.klantcontact:
        yield "klantcontact", str(found.klantcontact)
    if found.due:
        yield _WHEN_DUE.get(stored.toestand, "due"), calling.moment(found.due)
    yield "queue", stored.delivery.queue
    yield "group", letter.group
    yield "applicatie", applicatie
    yield "source", source
    yield "message id", message_id
    yield "zaak", found.zaak or ""
    yield "first seen", calling.moment(found.first)
    yield "last seen", calling.moment(found.last)
    yield "count", str(found.count)
    yield "attempts", str(stored.attempt)


def _history(letter: Letter) -> Iterator[RenderableType]:
    history = letter.found.history
    if (earlier := len(history) - _MOST_HISTORY) > 0:
        yield Text(f"… {earlier} earlier; --json prints them", style="dim")
    for each in history[-_MOST_HISTORY:]:
        said = f"{calling.moment(each.moment)}  {each.what} by {printable(each.by)}"
        details = _details(each)
        yield Text(f"{said}: {details}" if details else said)
        for line in (each.reason or "").splitlines():
            yield indented(Text(printable(line)))


def _details(handled: Handled) -> str:
    details = handled.details
    if "versie" in details:
        return f"version {details['versie']} ({', '.join(details.get('velden', ()))})"
    return ", ".join(_named(name, value) for name, value in details.items())


def _named(name: str, value: object) -> str:
    return name if value is True else f"{name} {printable(str(value))}"


def _plain(value: Any) -> str:  # noqa: ANN401 (any JSON)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
