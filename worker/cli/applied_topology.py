"""What applying the topology did, for a person and for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from worker.cli.hiding import counted
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.rabbitmq.management import Applied

_REMEDY: Final = "RabbitMQ keeps it: delete it when it is empty, and apply again"


def document(url: str, applied: Applied) -> dict[str, Any]:
    """Names of what is new, of what was changed, and of what is still not as it should be."""
    return {
        "url": url,
        "complete": applied.complete,
        "new": _gone(applied.before.missing, applied.after.missing),
        "changed": _gone(applied.before.different, applied.after.different),
        "missing": list(applied.after.missing),
        "different": list(applied.after.different),
    }


def tell(url: str, applied: Applied) -> None:
    """One line, and one more for each thing that was changed or is not as it should be."""
    told = document(url, applied)
    made = topology.definitions()
    whole = ", ".join(
        counted(len(made[kind]), name)
        for kind, name in (("exchanges", "exchange"), ("queues", "queue"), ("bindings", "binding"))
    )
    typer.echo(f"Applied to {url}: {whole} and {len(made['policies'])} policies; {_new(told)}.")
    for name in told["changed"]:
        typer.echo(f"Changed back: {name}")
    for name in told["missing"]:
        typer.echo(f"Error: {name} is not there; look in the broker's log", err=True)
    for name in told["different"]:
        typer.echo(f"Error: {name} is not as it should be; {_REMEDY}", err=True)


def _new(told: dict[str, Any]) -> str:
    if not told["new"]:
        return "nothing is new"
    return f"{len(told['new'])} of them are new"


def _gone(before: Sequence[str], after: Sequence[str]) -> list[str]:
    return [each for each in before if each not in after]
