"""Dead letters of a list, on a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.text import Text

from worker.cli import calling
from worker.cli.dead_letters.selecting import PREFIX, group_name
from worker.cli.phrases import ago, ahead
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from worker.postgres.dead_letter_lists import Listed

_APART: Final = "  "
_NO_FIELD: Final = "-"
_MADE_UP: Final = "?"


def document(one: Listed) -> dict[str, Any]:
    """One dead letter as `--json` has it."""
    return {
        "id": one.id,
        "toestand": one.toestand,
        "code": one.code,
        "queue": one.queue,
        "veld": one.veld,
        "group": group_name(one.code, one.queue, one.veld),
        "applicatie": one.applicatie,
        "berichtId": one.message_id,
        "zaak": one.zaak,
        "aantal": one.count,
        "pogingen": one.attempts,
        "versie": one.version,
        "eerste": one.first,
        "laatste": one.last,
        "opnieuw": one.due,
        "klantcontact": one.klantcontact,
    }


def lines(one: Listed, now: datetime) -> Iterator[RenderableType]:
    """Three lines for a person; what stands open needs no word that it does."""
    head = Text.assemble((str(one.id), "bold"), _APART, (one.code, "cyan"))
    if one.toestand != "open":
        head.append(_APART + one.toestand, "yellow")
    yield head
    yield Padding(Text(_APART.join(_where(one, now))), (0, 0, 0, 2), expand=False)
    yield Padding(Text(_APART.join(_what(one, now)), "dim"), (0, 0, 0, 2), expand=False)


def _where(one: Listed, now: datetime) -> Iterator[str]:
    yield f"{calling.moment(one.last)} ({ago(one.last, now)})"
    yield printable(one.queue.removeprefix(PREFIX))
    if one.applicatie:
        yield printable(one.applicatie)
    if one.zaak:
        yield printable(one.zaak)


def _what(one: Listed, now: datetime) -> Iterator[str]:
    if one.toestand == "wacht" and one.due is not None:
        yield f"due {calling.moment(one.due)} ({ahead(one.due, now)})"
    if one.message_id:
        yield f"message {printable(one.message_id)}"
    if one.veld == _MADE_UP:
        yield "a field of the sender's own"
    elif one.veld != _NO_FIELD:
        yield f"field {printable(one.veld)}"
    if one.count > 1:
        yield f"refused {one.count} times since {calling.moment(one.first)}"
    if one.version:
        yield f"edited, version {one.version}"
    if one.klantcontact is not None:
        yield f"klantcontact {one.klantcontact}"
