"""`klantcontact unpark`: offers the broker again what it refused too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from worker.cli import calling
from worker.cli.hiding import counted

if TYPE_CHECKING:
    from worker.settings import Settings


def unpark(*, as_json: calling.Json = False) -> None:
    """Offer the broker again what is parked in the outbox, once the broker is put right."""
    count = calling.call(_unpark(calling.settings()))
    if as_json:
        calling.print_json({"unparked": count})
    else:
        typer.echo(f"{counted(count, 'row')} of the outbox will be tried again.")


async def _unpark(settings: Settings) -> int:
    from worker.clock import database_now
    from worker.postgres.pool import connected
    from worker.postgres.tls import database_url
    from worker.postgres.unparking import unpark

    async with connected(database_url(settings), size=1) as pool:
        return await unpark(pool, database_now())
