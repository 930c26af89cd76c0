"""The command line: one module per group of commands.

Every reading command takes `--json`: one JSON document on stdout and nothing else there. Exit
status 0: done; 1: what was asked for failed or isn't there; 2: wrong usage.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from worker.cli import (
    bounce,
    contract,
    dead_letters,
    demo,
    dossier,
    notificaties,
    publish,
    reading,
    register,
    running,
    settings,
    stack,
    status,
    topology,
    unparking,
)

app = typer.Typer(
    help="Puts every contact between a citizen and their municipality into its case.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(version("klantcontact"))
        raise typer.Exit


@app.callback()
def options(
    *,
    asked: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version."),
    ] = False,
) -> None:
    """Take the options that need no command."""
    del asked


app.command("demo")(demo.demo)
app.add_typer(stack.app, name="stack")
app.command("migrate")(running.migrate)
app.command("worker")(running.worker)
app.command("status")(status.status)
app.command("unpark")(unparking.unpark)
app.command("settings")(settings.settings)
app.add_typer(topology.app, name="topology")
app.add_typer(register.app, name="register")
app.command("publish")(publish.publish)
app.command("bounce")(bounce.bounce)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(notificaties.app, name="notificaties")
app.add_typer(contract.app, name="contract")
app.command("dossier")(dossier.dossier)
app.command("klantcontact")(reading.klantcontact)
app.command("document")(reading.document)
