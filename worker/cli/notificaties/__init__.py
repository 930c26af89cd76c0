"""`klantcontact notificaties`: who was told of what, a mail sent again, and how mails look."""

from __future__ import annotations

import typer

from worker.cli.notificaties import listing, previewing, resending, showing

app = typer.Typer(
    help="Find out who was told of what, send a mail again, and see how mails look.",
    no_args_is_help=True,
)
app.command("list")(listing.list_)
app.command("show")(showing.show)
app.command("resend")(resending.resend)
app.command("preview")(previewing.preview)
