"""`klantcontact notificaties`: the mails that tell of a klantcontact."""

from __future__ import annotations

import typer

from worker.cli.notificaties import previewing

app = typer.Typer(help="The mails that tell of a klantcontact.", no_args_is_help=True)
app.command("preview")(previewing.preview)
