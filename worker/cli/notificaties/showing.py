"""`klantcontact notificaties show`: one mail, or all who were told of one klantcontact."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from worker.cli import calling
from worker.cli.notificaties import contact_page, documents, mail_page, options
from worker.clock import now
from worker.errors import UsageError
from worker.postgres.listed_mails import Look
from worker.postgres.mail_details import MailDetails, ToldOf, details
from worker.postgres.pool import connected
from worker.postgres.tls import database_url


def show(
    identity: Annotated[
        UUID, typer.Argument(metavar="ID", help="The id of a mail or of a klantcontact.")
    ],
    by: calling.As = None,
    *,
    reveal: options.Reveal = False,
    reason: options.Reason = None,
    as_json: calling.Json = False,
) -> None:
    """Show a mail with every attempt and what comes next; or who was told of a klantcontact."""
    found = calling.call(_details(identity, options.look(by, reason, now(), reveal=reveal)))
    if as_json:
        calling.print_json(documents.document(found, reveal=reveal))
    elif isinstance(found, MailDetails):
        mail_page.show(found, reveal=reveal)
    else:
        contact_page.show(found, reveal=reveal)


async def _details(identity: UUID, look: Look | None) -> MailDetails | ToldOf:
    async with connected(database_url(calling.settings()), size=1) as pool:
        found = await details(pool, identity, look)
    if found is None:
        raise UsageError(
            f"there is no mail and no klantcontact {identity}; `notificaties list` lists them"
        )
    return found
