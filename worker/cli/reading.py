"""`klantcontact klantcontact` and `document`: one thing that is on record."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from worker.cli import calling, timeline
from worker.clock import now
from worker.postgres import dossier as records
from worker.postgres.pool import connected
from worker.postgres.tls import database_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rich.console import RenderableType

    from worker.postgres.pool import Pool

Reveal = Annotated[
    bool,
    typer.Option(
        "--reveal",
        help="Show the toelichting, and all of what is vertrouwelijk; that you did is kept on"
        " record.",
    ),
]


def klantcontact(
    identity: Annotated[UUID, typer.Argument(metavar="ID", help="The id of the klantcontact.")],
    by: calling.As = None,
    *,
    reveal: Reveal = False,
    as_json: calling.Json = False,
) -> None:
    """Show one klantcontact."""
    found = calling.call(_klantcontact(identity, calling.acting(by), reveal=reveal))
    missing = f"there is no klantcontact {identity}"
    show(found, timeline.klantcontact, missing, as_json=as_json)


def document(
    identity: Annotated[UUID, typer.Argument(metavar="ID", help="The id of the document.")],
    output: Annotated[Path, typer.Option(help="The file to write it to.")],
    by: calling.As = None,
) -> None:
    """Write a document's content to a file; that you did is kept on record."""
    found = calling.call(_document(identity, calling.acting(by)))
    if found is None:
        typer.echo(f"Error: there is no document {identity}", err=True)
        raise typer.Exit(1)
    title, content, url = found
    if content is None:
        typer.echo(f"Error: {title} is not kept here but at {url}", err=True)
        raise typer.Exit(1)
    try:
        output.write_bytes(content)
    except OSError as error:
        typer.echo(f"Error: {output} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{title}: {len(content)} bytes written to {output}")


def show(
    found: dict[str, Any] | None,
    page: Callable[[dict[str, Any]], RenderableType],
    missing: str,
    *,
    as_json: bool,
) -> None:
    """Print it as JSON or as a page; where there is none, say so and end with 1."""
    if found is None:
        typer.echo(f"Error: {missing}", err=True)
        raise typer.Exit(1)
    if as_json:
        calling.print_json(found)
    else:
        calling.out.print(page(found))


@asynccontextmanager
async def database() -> AsyncIterator[Pool]:
    """The database of the settings."""
    async with connected(database_url(calling.settings()), size=1) as pool:
        yield pool


async def _klantcontact(identity: UUID, by: str, *, reveal: bool) -> dict[str, Any] | None:
    async with database() as pool:
        found = await records.klantcontact(pool, identity, reveal=reveal)
        if reveal and found is not None:
            await records.put_on_record(pool, by, now(), f"klantcontact {identity}")
        return found


async def _document(identity: UUID, by: str) -> tuple[str, bytes | None, str | None] | None:
    async with database() as pool:
        found = await records.document(pool, identity)
        if found is not None:
            await records.put_on_record(pool, by, now(), f"document {identity}")
        return found
