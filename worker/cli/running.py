"""`klantcontact worker` and `migrate`: what runs the program."""

from __future__ import annotations

from typing import Annotated

import typer

from worker import logs
from worker.cli import calling
from worker.role import Role
from worker.unknown_settings import unknown_settings


def worker(
    role: Annotated[
        list[Role] | None, typer.Option(help="What this process does; without it, everything.")
    ] = None,
) -> None:
    """Take messages in, relay jobs and send mails, until SIGTERM or Ctrl-C."""
    import uvloop

    from worker import app

    settings = calling.settings()
    logs.configure(settings)
    log = logs.log()
    for each in unknown_settings():
        log.warning("instelling_onbekend", naam=each.name, bedoeld=each.nearest)
    with calling.errors_in_a_line():
        uvloop.run(app.work(settings, role or [], log))


def migrate(*, as_json: calling.Json = False) -> None:
    """Bring the database's schema up to date; safe to run again, and from two places at once."""
    from worker.postgres import migrating
    from worker.postgres.tls import database_url

    with calling.errors_in_a_line():
        url = database_url(calling.settings())
    applied = calling.call(migrating.migrate(url))
    if as_json:
        calling.print_json({"applied": applied})
    elif applied:
        typer.echo("Applied: " + ", ".join(applied))
    else:
        typer.echo("The schema is up to date.")
