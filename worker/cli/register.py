"""`klantcontact register`: the register's facts, for administrators and process owners."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from worker.cli import calling
from worker.cli.register_page import block
from worker.clock import database_now
from worker.domain.text import Moment
from worker.errors import UsageError, WrongUsage
from worker.importing import Import, import_lines
from worker.postgres.pool import connected
from worker.postgres.register import PostgresRegister
from worker.postgres.showing import Besluit, Keuze, set_zaaktype
from worker.postgres.showing import show as show_register
from worker.postgres.tls import database_url

app = typer.Typer(help="Zaken, zaaktypen, applicaties and autorisaties.", no_args_is_help=True)

_MOST_SHOWN = 20


class Kind(StrEnum):
    """What the process owner sets something on."""

    ZAAKTYPE = "zaaktype"


class Listed(StrEnum):
    """What the register holds."""

    ZAAKTYPE = "zaaktype"
    ZAAK = "zaak"
    APPLICATIE = "applicatie"
    AUTORISATIE = "autorisatie"


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON Lines, a fact a line.")],
    time: Annotated[
        str | None, typer.Option(help="The moment of lines that carry none, or `now`.")
    ] = None,
    by: calling.As = None,
    *,
    as_json: calling.Json = False,
) -> None:
    """Import facts; a bad line stops nothing, is reported, and makes the exit status 1."""
    report = calling.call(_import(file, time, calling.acting(by), quiet=as_json))
    if as_json:
        bad = [{"line": each.number, "reason": each.reason} for each in report.bad]
        calling.print_json({"lines": report.lines, "stored": report.stored, "bad": bad})
    else:
        _tell(report)
    if report.bad:
        raise typer.Exit(1)


async def _import(file: Path, time: str | None, by: str, *, quiet: bool) -> Import:
    settings = calling.settings()
    sent = moment_of_lines(time)
    try:
        source = file.open("rb")
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise UsageError(msg) from None
    with source, _progress(quiet=quiet) as progress:
        size = os.fstat(source.fileno()).st_size if source.seekable() else None
        task = progress.add_task("importing", total=size)
        async with connected(database_url(settings), size=1) as pool:
            return await import_lines(
                source,
                PostgresRegister(pool),
                now=database_now(),
                sent=sent,
                skew=settings.clock_skew,
                by=by,
                advance=lambda _: progress.update(
                    task, completed=source.tell() if source.seekable() else None
                ),
            )


def moment_of_lines(text: str | None) -> datetime | None:
    """What --time names: a moment, or now. Raises WrongUsage."""
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC)
    try:
        moment: datetime = TypeAdapter(Moment).validate_python(text)
    except ValidationError:
        msg = f"--time {text}: an ISO 8601 moment with offset is needed, or `now`"
        raise WrongUsage(msg) from None
    return moment


def _progress(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=calling.err,
        transient=True,
        disable=quiet or not calling.err.is_terminal,
    )


def _tell(report: Import) -> None:
    typer.echo(f"{report.lines} lines, {report.stored} facts stored, {len(report.bad)} bad lines")
    for each in report.bad[:_MOST_SHOWN]:
        typer.echo(f"line {each.number}: {each.reason}", err=True)
    if len(report.bad) > _MOST_SHOWN:
        rest = len(report.bad) - _MOST_SHOWN
        typer.echo(f"and {rest} more; --json lists them all", err=True)


@app.command()
def show(
    soort: Annotated[Listed, typer.Argument(help="Which kind of facts.")],
    identificatie: Annotated[str | None, typer.Argument(help="One of them.")] = None,
    *,
    as_json: calling.Json = False,
) -> None:
    """Show what the register holds, zaaktypen with what is a decision and who changed it last."""
    found = calling.call(_show(soort, identificatie))
    if as_json:
        calling.print_json(found)
    for fact in found if not as_json else ():
        for line in block(fact, calling.out.width):
            calling.out.print(line, soft_wrap=True)
    if not found:
        what = f"{soort} {identificatie}" if identificatie else soort
        typer.echo(f"The register has no {what}.", err=True)
        raise typer.Exit(1)


async def _show(soort: str, identificatie: str | None) -> list[dict[str, Any]]:
    async with connected(database_url(calling.settings()), size=1) as pool:
        return await show_register(pool, soort, identificatie)


@app.command("set")
def set_(
    kind: Annotated[Kind, typer.Argument(help="What is set.")],
    identificatie: Annotated[str, typer.Argument(help="Which one.")],
    *,
    klantcontacten: Annotated[
        Keuze | None, typer.Option(help="Whether klantcontacten may be added.")
    ] = None,
    notificaties: Annotated[
        Keuze | None, typer.Option(help="Whether betrokkenen get mails.")
    ] = None,
    behandelaar: Annotated[
        Keuze | None, typer.Option(help="Whether the behandelaar gets one, too.")
    ] = None,
    by: calling.As = None,
) -> None:
    """Set what the process owner decides (S8); who and when are kept.

    It stands until it is decided again, whatever facts come; `feiten` takes a decision back.
    """
    besluit = Besluit(klantcontacten, notificaties, behandelaar)
    if besluit == Besluit():
        options = "--klantcontacten, --notificaties or --behandelaar, each aan, uit or feiten"
        typer.echo(f"Error: give {options}", err=True)
        raise typer.Exit(2)
    decided = calling.call(_set(identificatie, besluit, calling.acting(by)))
    if not decided:
        typer.echo(f"Error: the register has no {kind} {identificatie}; import it first", err=True)
        raise typer.Exit(1)
    typer.echo(f"Set for {kind} {identificatie}; see: klantcontact register show {kind}")


async def _set(identificatie: str, besluit: Besluit, by: str) -> bool:
    async with connected(database_url(calling.settings()), size=1) as pool:
        return await set_zaaktype(pool, identificatie, besluit, by=by, now=database_now())
