"""`klantcontact dead-letters`: what could not be processed, found, understood and put right."""

from __future__ import annotations

import typer

from worker.cli.dead_letters import acting, editing, exporting, listing, retrying, showing

app = typer.Typer(
    help="Find, understand and put right what could not be processed.", no_args_is_help=True
)
app.command("list")(listing.list_)
app.command("groups")(listing.groups)
app.command("show")(showing.show)
app.command("retry")(retrying.retry)
app.command("edit")(editing.edit)
app.command("archive")(acting.archive)
app.command("restore")(acting.restore)
app.command("note")(acting.note)
app.command("export")(exporting.export)
