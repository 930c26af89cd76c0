"""What to do next, as a command to be copied."""

from __future__ import annotations

import typer

from worker.cli import calling, phrases


def tell(words: str, *command: str, **options: object) -> None:
    """`words`, and below it `klantcontact` with `command`; options that are None are left out."""
    given = [
        part
        for name, value in options.items()
        if value is not None
        for part in (f"--{name}", str(value))
    ]
    typer.echo(words)
    typer.echo(phrases.command(["klantcontact", *command, *given], calling.out.width))
