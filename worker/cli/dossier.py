"""`klantcontact dossier`: every contact of a zaak, or those that are of none."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import typer

from worker.cli import calling, reading, texts, timeline
from worker.cli.hints import tell
from worker.clock import now
from worker.errors import UsageError
from worker.postgres import dossier as records

WithoutZaak = Annotated[
    bool,
    typer.Option("--without-zaak", help="List klantcontacten of no zaak, the newest first."),
]
Limit = Annotated[
    int | None, typer.Option(min=1, max=1000, help="How many without a zaak at most; 20 if absent.")
]
After = Annotated[
    UUID | None,
    typer.Option(metavar="ID", help="Go on after this one: the last of the page before."),
]

_LIMIT: Final = 20


def dossier(
    zaak: Annotated[str | None, typer.Argument(help="The number of the zaak.")] = None,
    by: calling.As = None,
    *,
    without_zaak: WithoutZaak = False,
    limit: Limit = None,
    after: After = None,
    reveal: reading.Reveal = False,
    as_json: calling.Json = False,
) -> None:
    """Show every klantcontact of a zaak, from every channel, in time order."""
    if (zaak is None) != without_zaak:
        texts.wrong_usage("name a zaak, or ask for --without-zaak")
    if zaak is None:
        _without_zaak(limit, after, by, reveal=reveal, as_json=as_json)
    elif limit is not None or after is not None:
        texts.wrong_usage("--limit and --after go with --without-zaak")
    else:
        _of_zaak(zaak, by, reveal=reveal, as_json=as_json)


def _of_zaak(zaak: str, by: str | None, *, reveal: bool, as_json: bool) -> None:
    found = calling.call(_dossier(zaak, calling.acting(by), reveal=reveal))
    missing = f"there is no zaak {zaak} in the register"
    reading.show(found, timeline.dossier, missing, as_json=as_json)


def _without_zaak(
    limit: int | None, after: UUID | None, by: str | None, *, reveal: bool, as_json: bool
) -> None:
    most = limit or _LIMIT
    found = calling.call(_page(most + 1, after, calling.acting(by), reveal=reveal))
    page, end = found[:most], found[most - 1]["id"] if len(found) > most else None
    if as_json:
        calling.print_json({"klantcontacten": page, "next": end})
        return
    for each in page:
        calling.out.print(timeline.listed(each))
    if end is not None:
        shown = ("--reveal",) if reveal else ()
        asked = {"limit": limit, "after": end, "as": by}
        tell("More:", "dossier", "--without-zaak", *shown, **asked)
    elif not page:
        typer.echo("No klantcontact is without a zaak here.")


async def _dossier(zaak: str, by: str, *, reveal: bool) -> dict[str, Any] | None:
    async with reading.database() as pool:
        found = await records.dossier(pool, zaak, reveal=reveal)
        if reveal and found is not None:
            await records.put_on_record(pool, by, now(), f"dossier {zaak}")
        return found


async def _page(most: int, after: UUID | None, by: str, *, reveal: bool) -> list[dict[str, Any]]:
    """The one more that tells whether there are more is not shown, and so not on record."""
    async with reading.database() as pool:
        if after is not None and await records.klantcontact(pool, after, reveal=False) is None:
            raise UsageError(f"there is no klantcontact {after}: leave --after out")
        found = await records.without_zaak(pool, most, after, reveal=reveal)
        if reveal:
            looked = [f"klantcontact {each['id']}" for each in found[: most - 1]]
            await records.put_on_record(pool, by, now(), *looked)
        return found
