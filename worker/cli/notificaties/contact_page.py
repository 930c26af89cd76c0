"""All who were told of one klantcontact, and who was not, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from worker.cli import calling
from worker.cli.notificaties.mail_page import put
from worker.cli.page_parts import indented, whole
from worker.cli.told import told
from worker.domain.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from worker.postgres.mail_details import ToldOf
    from worker.postgres.told import Told


def show(found: ToldOf, *, reveal: bool) -> None:
    """Print them, each with the mail that it was told by."""
    put(_parts(found, reveal=reveal))


def _parts(found: ToldOf, *, reveal: bool) -> Iterator[RenderableType]:
    yield whole(f"klantcontact {found.id}", style="bold")
    where = printable(found.zaak) if found.zaak else "of no zaak"
    yield Text(f"{calling.moment(found.moment)}  {found.type}  {where}")
    yield ""
    for each in found.told:
        yield from _told(each, reveal=reveal)
    if not found.told:
        yield Text("Nobody was to be told of it: the zaak has no betrokkenen, or there is none.")
    elif not reveal:
        yield ""
        yield Text("--reveal shows who they are, and is kept on record.", style="dim")


def _told(one: Told, *, reveal: bool) -> Iterator[RenderableType]:
    yield Text.assemble((printable(one.rol), "bold"), f": {told(one.document())}")
    if reveal:
        yield indented(Text(printable(_who(one)), style="dim"))
    if one.mail is not None:
        yield whole(f"  mail {one.mail}", style="dim")


def _who(one: Told) -> str:
    return f"{one.naam} <{one.adres}>, {one.betrokkene}" if one.adres else one.betrokkene
