"""The dossier on a terminal, at 80 columns and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def dossier(found: dict[str, Any]) -> RenderableType:
    """The zaak, then its klantcontacten from old to new."""
    status = found["status"]["omschrijving"] if found["status"] else "no status"
    closed = f", closed {found['einddatum']}" if found["einddatum"] else ""
    contacts = found["klantcontacten"]
    count = "1 klantcontact" if len(contacts) == 1 else f"{len(contacts)} klantcontacten"
    return Group(
        Text.assemble((found["zaak"], "bold"), f"  {found['omschrijving']}"),
        Text(f"{found['zaaktype']}: {status}{closed}; {count}", style="dim"),
        *(Padding(klantcontact(each), (1, 0, 0, 0)) for each in contacts),
    )


def klantcontact(found: dict[str, Any]) -> RenderableType:
    """One klantcontact: when, how and by whom; then what, what came of it, and who was told."""
    head = Text.assemble(
        (_moment(found["datumGezet"]), "bold"),
        ("  " + found["type"], "cyan"),
        f"  {_person(found['opvoerder'])}",
    )
    return Group(head, *(Padding(line, (0, 0, 0, 2)) for line in _lines(found)))


def _lines(found: dict[str, Any]) -> Iterator[Text]:
    if found["correctie"]:
        yield _line("correction of", str(found["vervolgOp"]))
    if found["status"]:
        yield _line("status then", found["status"]["omschrijving"])
    if found["onderwerp"]:
        yield _line("about", found["onderwerp"])
    if found["toelichting"]:
        yield _line("toelichting", found["toelichting"])
    for each in found["gesprekspartners"]:
        yield _line(
            "with", f"{each.get('naam') or each.get('identificatie') or '?'} ({each['rol']})"
        )
    if found["uitkomst"]:
        result = "reached" if found["uitkomst"]["gelukt"] else "not reached"
        yield _line(
            "outcome", " - ".join(filter(None, (result, found["uitkomst"]["omschrijving"])))
        )
    for each in found["afspraken"]:
        by = f" (by {each['uiterlijk']})" if each["uiterlijk"] else ""
        yield _line("agreed", f"{each['door'] or 'somebody'}: {each['omschrijving']}{by}")
    for each in found["documenten"]:
        where = f" at {each['url']}" if each["url"] else f", {each['omvang']} bytes"
        yield _line("document", f"{each['titel']} ({each['formaat']}{where})  {each['id']}")
    for each in found["notificaties"]:
        yield _line("mail to", f"{each['rol']}: {_told(each)}")
    yield Text(f"id {found['id']}", style="dim")


def _told(notification: dict[str, Any]) -> str:
    if notification["reden"]:
        return f"none ({notification['reden']})"
    moment = notification["verzonden"]
    return f"{notification['toestand']} {_moment(moment)}" if moment else notification["toestand"]


def _line(label: str, value: str) -> Text:
    return Text.assemble((f"{label:<13} ", "dim"), value)


def _person(opvoerder: dict[str, Any]) -> str:
    name = opvoerder["naam"] or opvoerder["identificatie"]
    return f"{name}, {opvoerder['organisatie']}" if opvoerder["organisatie"] else name


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(_AMSTERDAM):%Y-%m-%d %H:%M}"
