"""The dossier on a terminal, at 80 columns and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.cli import calling
from worker.cli.told import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType


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
        (calling.moment(found["datumGezet"]), "bold"),
        ("  " + found["type"], "cyan"),
        f"  {_person(found['opvoerder'])}",
    )
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    for label, value in _lines(found):
        # As text, not as markup: brackets in what people wrote are theirs.
        lines.add_row(Text(label), Text(value))
    return Group(head, Padding(lines, (0, 0, 0, 2)))


def _lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if found["correctie"]:
        forced = ", on a closed zaak" if found["geforceerd"] else ""
        yield "correction of", f"{found['vervolgOp']}{forced}"
    if found["status"]:
        yield "status then", found["status"]["omschrijving"]
    if found["onderwerp"]:
        yield "about", found["onderwerp"]
    if found["toelichting"]:
        yield "toelichting", found["toelichting"]
    for each in found["gesprekspartners"]:
        yield "with", f"{each.get('naam') or each.get('identificatie') or '?'} ({each['rol']})"
    if found["uitkomst"]:
        result = "reached" if found["uitkomst"]["gelukt"] else "not reached"
        yield "outcome", "; ".join(filter(None, (result, found["uitkomst"]["omschrijving"])))
    for each in found["afspraken"]:
        by = f" (by {each['uiterlijk']})" if each["uiterlijk"] else ""
        yield "agreed", f"{each['door'] or 'somebody'}: {each['omschrijving']}{by}"
    for each in found["documenten"]:
        yield "document", f"{each['titel']} ({each['formaat']}, {_where(each)})"
        yield "", f"id {each['id']}"
    for each in found["notificaties"]:
        yield "mail to", f"{each['rol']}: {told(each)}"
    yield "id", str(found["id"])


def _where(document: dict[str, Any]) -> str:
    return str(document["url"] or f"{document['omvang']} bytes")


def _person(opvoerder: dict[str, Any]) -> str:
    name = opvoerder["naam"] or opvoerder["identificatie"]
    return f"{name}, {opvoerder['organisatie']}" if opvoerder["organisatie"] else name
