"""`klantcontact dead-letters show`: one dead letter, all that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from worker.cli import calling, texts
from worker.cli.dead_letters.selecting import Reason
from worker.clock import now
from worker.errors import UsageError
from worker.postgres.dead_letter_details import Reveal, details
from worker.postgres.pool import connected
from worker.postgres.tls import database_url

if TYPE_CHECKING:
    from worker.postgres.dead_letter_details import Details


def show(
    identity: Annotated[UUID, typer.Argument(metavar="ID", help="The id of the dead letter.")],
    by: calling.As = None,
    *,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show personal data; that you did is kept on record.")
    ] = False,
    reason: Reason = None,
    version: Annotated[
        int | None,
        typer.Option(min=0, help="Another version than the one in force; 0 is as it came."),
    ] = None,
    as_json: calling.Json = False,
) -> None:
    """Show what is wrong with one dead letter, what helps, its content and its history."""
    # The formats and the contract take a while to load: no other command waits for them.
    from worker.cli.dead_letters import letter_document, page
    from worker.cli.dead_letters.letter import Letter

    looks = Reveal(texts.actor(by), texts.reason(reason), now()) if reveal else None
    found = calling.call(_details(identity, version, looks))
    letter = Letter(found, found.version if version is None else version, reveal=reveal)
    if as_json:
        calling.print_json(letter_document.document(letter))
    else:
        page.show(letter)


async def _details(identity: UUID, version: int | None, reveal: Reveal | None) -> Details:
    async with connected(database_url(calling.settings()), size=1) as pool:
        found = await details(pool, identity, version, reveal)
    if found is None:
        raise UsageError(f"there is no dead letter {identity}; `dead-letters list` lists them")
    return found
