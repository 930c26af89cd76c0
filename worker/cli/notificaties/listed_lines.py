"""Mails and klantcontacten of a list, on a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.text import Text

from worker.cli import calling
from worker.cli.hiding import MASK, counted
from worker.cli.phrases import ago, ahead
from worker.cli.told import why_not
from worker.domain.text import printable
from worker.postgres.listed_mails import ListedMail
from worker.postgres.mail_lists import WITHHELD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from worker.postgres.listed_mails import Listed, ListedWithheld

_APART: Final = "  "
COLOURS: Final = {"verzonden": "green", "mislukt": "red", "onzeker": "red", "uitgesteld": "yellow"}


def document(one: Listed, *, reveal: bool) -> dict[str, Any]:
    """One entry as `--json` has it: a mail, or a klantcontact that is `achterwege`."""
    if not isinstance(one, ListedMail):
        return _withheld_document(one)
    return {
        "id": one.id,
        "toestand": one.toestand,
        "code": one.code,
        "zaak": one.zaak,
        "soort": one.soort,
        "rollen": list(one.roles),
        "naam": one.naam if reveal else MASK,
        "adres": one.adres if reveal else MASK,
        "klantcontacten": one.contacts,
        "gemaakt": one.made,
        "verzonden": one.sent,
        "pogingen": one.attempts,
        "opnieuw": one.due,
        "herhaalt": one.repeats,
        "herhaaldDoor": list(one.repeated),
    }


def _withheld_document(one: ListedWithheld) -> dict[str, Any]:
    return {
        "id": one.id,
        "toestand": WITHHELD,
        "zaak": one.zaak,
        "gemaakt": one.registered,
        "redenen": [{"rol": rol, "reden": reden} for rol, reden in one.reasons],
    }


def lines(one: Listed, now: datetime, *, reveal: bool) -> Iterator[RenderableType]:
    """Some lines for a person, each id on one of its own."""
    if not isinstance(one, ListedMail):
        yield from _withheld(one, now)
        return
    head = Text(str(one.id), "bold")
    head.append(_APART + one.toestand, COLOURS.get(one.toestand, "cyan"))
    if one.code is not None:
        head.append(f"{_APART}{one.code}")
    yield head
    roles = ", ".join(map(printable, one.roles))
    yield _indented([*_when(one.made, now), printable(one.zaak), *filter(None, [roles])])
    if reveal:
        yield _indented([f"{printable(one.naam)} <{printable(one.adres)}>"])
    yield _indented(_what(one, now), "dim")
    if one.repeated:
        yield _indented([f"sent anew as {one.repeated[-1]}"], "dim")
    if one.repeats is not None:
        yield _indented([f"instead of {one.repeats}"], "dim")


def _withheld(one: ListedWithheld, now: datetime) -> Iterator[RenderableType]:
    yield Text.assemble((str(one.id), "bold"), _APART, (WITHHELD, "cyan"))
    yield _indented([*_when(one.registered, now), printable(one.zaak), "klantcontact"])
    for rol, reden in one.reasons:
        yield _indented([f"{printable(rol)}: {why_not(reden)}"], "dim")


def _when(moment: datetime, now: datetime) -> Iterator[str]:
    yield f"{calling.moment(moment)} ({ago(moment, now)})"


def _what(one: ListedMail, now: datetime) -> Iterator[str]:
    if one.contacts:
        yield "1 klantcontact" if one.contacts == 1 else f"{one.contacts} klantcontacten"
    if one.sent is not None:
        yield f"sent {calling.moment(one.sent)}"
    if one.attempts and one.toestand != "verzonden":
        yield counted(one.attempts, "attempt")
    if one.due is not None:
        yield f"next {calling.moment(one.due)} ({ahead(one.due, now)})"


def _indented(words: Iterator[str] | list[str], style: str = "") -> RenderableType:
    return Padding(Text(_APART.join(words), style), (0, 0, 0, 2), expand=False)
