"""`klantcontact stack`: the embedded RabbitMQ, PostgreSQL and mail catcher."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from worker.stack.errors import StackError
from worker.stack.looking import default_root
from worker.stack.state import StackState

if TYPE_CHECKING:
    from worker.stack.instance import Stack

NAME: Final = "stack"
_NAMES: Final = {
    "epmd": "Erlang's port mapper",
    "mail": "the mail catcher",
    "postgres": "PostgreSQL",
    "rabbitmq": "RabbitMQ",
}

app = typer.Typer(
    help="The embedded RabbitMQ, PostgreSQL and mail catcher, for demo and tests.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, passwords included.")]


@app.command()
def up(*, as_json: Json = False) -> None:
    """Start what doesn't run yet, on the ports that it had, and say how to reach it."""
    with _errors_in_a_line():
        state = _stack().up()
    _show(state, as_json=as_json)


@app.command()
def status(*, as_json: Json = False) -> None:
    """Say how to reach the stack; exit status 1 when it isn't running, or not all of it."""
    with _errors_in_a_line():
        state, away = _stack().status(), _stack().away()
    if state is not None:
        _show(state, as_json=as_json)
        return
    if as_json:
        _print_json(None)
    if away:
        names = " and ".join(_NAMES[each] for each in away)
        typer.echo(
            f"Of the stack {names} ended; start it again with: klantcontact stack up", err=True
        )
    else:
        typer.echo("The stack isn't running; start it with: klantcontact stack up", err=True)
    raise typer.Exit(1)


@app.command()
def down(*, as_json: Json = False) -> None:
    """Stop the stack; its data and mails stay."""
    with _errors_in_a_line():
        _stack().down()
    _ended("Stopped; data and mails are kept.", as_json=as_json)


@app.command()
def reset(*, as_json: Json = False) -> None:
    """Stop the stack and delete its data and mails."""
    with _errors_in_a_line():
        _stack().reset()
    _ended("Stopped, and its data and mails are deleted.", as_json=as_json)


def _stack() -> Stack:
    # Only these commands need what starts and stops the services.
    from worker.stack.instance import Stack

    return Stack(default_root(), NAME, report=lambda line: typer.echo(line, err=True))


def _show(state: StackState, *, as_json: bool) -> None:
    if as_json:
        _print_json(state.document())
        return
    typer.echo("The stack is running.")
    typer.echo(f"  RabbitMQ    {urlsplit(state.amqp).netloc.rpartition('@')[2]}")
    typer.echo(f"  PostgreSQL  {urlsplit(state.postgres).netloc.rpartition('@')[2]}")
    typer.echo(f"  SMTP        {state.smtp}")
    typer.echo(f"  mails in    {state.mail_dir}")
    typer.echo("URLs with passwords: klantcontact stack status --json")


def _ended(line: str, *, as_json: bool) -> None:
    if as_json:
        _print_json({"running": False})
    else:
        typer.echo(line)


def _print_json(document: dict[str, Any] | None) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))


@contextmanager
def _errors_in_a_line() -> Iterator[None]:
    try:
        yield
    except StackError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error
