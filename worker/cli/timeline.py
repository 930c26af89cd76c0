"""The dossier on a terminal, at 80 columns and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.cli import calling, contact_lines
from worker.cli.phrases import readable
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType


def dossier(found: dict[str, Any]) -> RenderableType:
    """The zaak, then its klantcontacten from old to new."""
    status = found["status"]["omschrijving"] if found["status"] else "no status"
    closed = f", closed {found['einddatum']}" if found["einddatum"] else ""
    contacts = found["klantcontacten"]
    count = "1 klantcontact" if len(contacts) == 1 else f"{len(contacts)} klantcontacten"
    return Group(
        Text.assemble((printable(found["zaak"]), "bold"), f"  {printable(found['omschrijving'])}"),
        Text(printable(f"{found['zaaktype']}: {status}{closed}; {count}"), style="dim"),
        *(
            Padding(_klantcontact(each, contact_lines.brief(each)), (1, 0, 0, 0))
            for each in contacts
        ),
    )


def listed(found: dict[str, Any]) -> RenderableType:
    """One klantcontact among others, of no zaak."""
    return Padding(_klantcontact(found, contact_lines.brief(found)), (0, 0, 1, 0))


def klantcontact(found: dict[str, Any]) -> RenderableType:
    """One klantcontact by itself: also of which zaak, and how it came to be registered."""
    return _klantcontact(found, contact_lines.whole(found))


def _klantcontact(found: dict[str, Any], said: Iterable[tuple[str, str]]) -> RenderableType:
    """When, how and by whom; then what, what came of it, and who was told."""
    head = Text.assemble(
        (calling.moment(found["datumGezet"]), "bold"),
        ("  " + found["type"], "cyan"),
        ("  vertrouwelijk" if found["vertrouwelijk"] else "", "bold red"),
        f"  {printable(_person(found['opvoerder']))}",
    )
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    for label, value in said:
        # As text, not as markup: brackets in what people wrote are theirs.
        lines.add_row(Text(label), Text(readable(value)))
    return Group(head, Padding(lines, (0, 0, 0, 2)))


def _person(opvoerder: dict[str, Any]) -> str:
    name = opvoerder["naam"] or opvoerder["identificatie"]
    return f"{name}, {opvoerder['organisatie']}" if opvoerder["organisatie"] else name
