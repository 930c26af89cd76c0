"""`klantcontact topology`: what an administrator sets up on the broker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from worker.cli import applied_topology, calling, managing, message_file, user_passwords
from worker.rabbitmq import topology
from worker.rabbitmq.checking import missing
from worker.rabbitmq.tls import address
from worker.rabbitmq.users import user_definitions

app = typer.Typer(help="The broker's exchanges, queues, policies and users.", no_args_is_help=True)


@app.command()
def definitions() -> None:
    """Print the definitions that RabbitMQ imports (without users: those are made per place)."""
    typer.echo(json.dumps(topology.definitions(), indent=2))


@app.command()
def users(
    file: Annotated[
        Path, typer.Argument(help=f"JSON: {user_passwords.FORM}; - reads stdin.", metavar="FILE")
    ],
) -> None:
    """Print the users that RabbitMQ imports, with least permissions and hashes of passwords."""
    with calling.errors_in_a_line():
        source = "stdin" if str(file) == "-" else str(file)
        given = user_passwords.parse(message_file.read(file), source)
    made = user_definitions(given.passwords, given.kanalen, given.abonnees)
    typer.echo(json.dumps(made, indent=2))


@app.command("apply")
def apply_to(
    url: Annotated[
        str,
        typer.Option(help="The management: https://HOST:15671.", envvar=managing.URL),
    ],
    user: Annotated[
        str, typer.Option(help="A user with the tag administrator.", envvar=managing.USER)
    ],
    password_file: Annotated[
        Path | None,
        typer.Option(
            help="Holds the password; - reads stdin. Without it,"
            f" {managing.PASSWORD}, or you are asked.",
            envvar=managing.PASSWORD_FILE,
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="PEM: the authorities to verify https by, not the system's."),
    ] = None,
    *,
    as_json: calling.Json = False,
) -> None:
    """Make the broker's exchanges, queues, bindings and policies what they should be.

    Over RabbitMQ's management API; safe to run again. Policies of ours are put back.

    Exit status 1 if a queue or an exchange of that name was there, and is of another kind.
    """
    from worker.rabbitmq.management import Management, apply

    with calling.errors_in_a_line():
        verified = managing.context(url, ca)
        to = Management(url, user, managing.password(password_file), verified)
        applied = apply(to, topology.definitions())
    if as_json:
        calling.print_json(applied_topology.document(url, applied))
    else:
        applied_topology.tell(url, applied)
    if not applied.complete:
        raise typer.Exit(1)


@app.command()
def check(*, as_json: calling.Json = False) -> None:
    """Say what the broker lacks; exit status 1 if it lacks anything.

    RabbitMQ 4.2.6 and newer tell it to an administrator only.
    """
    with calling.errors_in_a_line():
        at = address(calling.settings())
    lacking: list[str] = calling.call(missing(at))
    document: dict[str, Any] = {"complete": not lacking, "missing": lacking}
    if as_json:
        calling.print_json(document)
    elif lacking:
        typer.echo(f"Missing: {', '.join(lacking)}")
        typer.echo("Have an administrator apply the topology:")
        typer.echo("  klantcontact topology apply --url https://HOST:15671 --user NAME")
    else:
        typer.echo("The broker has every exchange and queue.")
    if lacking:
        raise typer.Exit(1)
