"""`klantcontact notificaties preview`: a mail about made-up facts, as it would be sent."""

from __future__ import annotations

import tempfile
import textwrap
import webbrowser
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from uuid_utils.compat import uuid7

from worker.cli import calling
from worker.clock import now
from worker.domain.notifications import Soort
from worker.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from worker.rendering import Contact, MailFacts, Rendered

_WIDTH = 80
_MOST = 100


def preview(
    *,
    soort: Annotated[Soort, typer.Option(help="Which mail.")] = Soort.TOEGEVOEGD,
    taal: Annotated[str, typer.Option(help="The language, such as nl or en.")] = "nl",
    contacten: Annotated[
        int, typer.Option(min=1, max=_MOST, help="How many klantcontacten it lists.")
    ] = 1,
    naam: Annotated[str, typer.Option(help="The recipient; may be empty.")] = "Voorbeeld Burger",
    zaak: Annotated[str, typer.Option(help="The zaak's number.")] = "ZAAK-2026-0000001",
    omschrijving: Annotated[
        str, typer.Option(help="The zaak's description; may be empty.")
    ] = "Dakkapel aan de voorkant",
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the HTML to this file.")
    ] = None,
    eml: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the whole mail to this file.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Show the HTML in a browser.")] = False,
    as_json: calling.Json = False,
) -> None:
    """Show a mail as it would be sent, with the templates and settings in force.

    Needs neither database nor broker, so that a template can be tried out anywhere.
    """
    from worker.rendering import MailFacts

    facts = MailFacts(
        mail=uuid7(),
        # A terminal may hand over what is no text.
        zaak=zaak.encode(errors="replace").decode(),
        zaak_omschrijving=omschrijving,
        naam=naam,
        adres="ontvanger@example.nl",
        taal=taal,
        contacten=_contacts(contacten, now()),
        moment=now(),
        soort=soort,
    )
    with calling.errors_in_a_line():
        rendered, whole = _made(facts)
        if eml is not None:
            _write(eml, whole)
        if html is not None or show:
            page = html or _temporary()
            _write(page, rendered.html.encode())
        if show:
            _open(page)
    if as_json:
        calling.print_json(asdict(rendered))
    else:
        _print(rendered, taal)


def _contacts(count: int, moment: datetime) -> tuple[Contact, ...]:
    """As many days in a row, up to today; each kind takes its turn."""
    from worker.rendering import KINDS, Contact

    days = [moment.date() - timedelta(days=count - 1 - at) for at in range(count)]
    return tuple(Contact(KINDS[at % len(KINDS)], day) for at, day in enumerate(days))


def _made(facts: MailFacts) -> tuple[Rendered, bytes]:
    """The mail in words, and its bytes; raises UsageError for what a municipality can mend."""
    from worker.finishing import Finisher
    from worker.mime import HeaderError
    from worker.rendering import TemplateError

    try:
        finisher = Finisher(calling.settings())
        for file in finisher.unused():
            typer.echo(f"Note: no mail is made from {file}", err=True)
        return finisher.render(facts), finisher.finish(facts).content
    except (TemplateError, HeaderError) as error:
        raise UsageError(str(error)) from None


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def _temporary() -> Path:
    """A file that stays, because the browser reads it after this has ended."""
    with tempfile.NamedTemporaryFile(prefix="klantcontact-", suffix=".html", delete=False) as file:
        return Path(file.name)


def _open(page: Path) -> None:
    if not webbrowser.open(page.resolve().as_uri()):
        raise UsageError(f"no browser could be started; open {page} yourself")


def _print(rendered: Rendered, taal: str) -> None:
    """The words as a mail program shows them, on a terminal."""
    fallback = "" if rendered.taal == taal else f" (there are no templates in {taal})"
    typer.echo(_wrapped(f"Subject:  {rendered.onderwerp}"))
    typer.echo(f"Language: {rendered.taal}{fallback}")
    typer.echo(f"Version:  {rendered.digest}\n")
    for line in rendered.tekst.splitlines():
        typer.echo(_wrapped(line))


def _wrapped(line: str) -> str:
    """At most 80 columns, but for a word that is longer, such as an address."""
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
