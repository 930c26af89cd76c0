"""`klantcontact topology`: what an administrator sets up on the broker."""

from __future__ import annotations

import json
from typing import Any

import typer

from worker.cli import calling
from worker.rabbitmq import topology
from worker.rabbitmq.checking import missing

app = typer.Typer(help="The broker's exchanges, queues and policies.", no_args_is_help=True)


@app.command()
def definitions() -> None:
    """Print the definitions that RabbitMQ imports (without users: those are made per place)."""
    typer.echo(json.dumps(topology.definitions(), indent=2))


@app.command()
def check(*, as_json: calling.Json = False) -> None:
    """Say what the broker lacks; exit status 1 if it lacks anything."""
    url = calling.settings().amqp_url.get_secret_value()
    lacking: list[str] = calling.call(missing(url))
    document: dict[str, Any] = {"complete": not lacking, "missing": lacking}
    if as_json:
        calling.print_json(document)
    elif lacking:
        typer.echo(f"Missing: {', '.join(lacking)}")
        typer.echo("Have an administrator import deploy/rabbitmq/definitions.json:")
        typer.echo("  rabbitmqctl import_definitions deploy/rabbitmq/definitions.json")
    else:
        typer.echo("The broker has every exchange and queue.")
    if lacking:
        raise typer.Exit(1)
