"""The options by which the commands choose dead letters, and what they mean."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from worker.cli.periods import moment
from worker.errors import Code, WrongUsage
from worker.postgres.choosing import TOESTANDEN, Choice

Ids = Annotated[
    list[UUID] | None, typer.Argument(metavar="[ID]...", help="The dead letters by their ids.")
]
Group = Annotated[
    str | None, typer.Option("--group", help="CODE/QUEUE/FIELD, as `dead-letters groups` has it.")
]
All = Annotated[bool, typer.Option("--all", help="All that the filters leave.")]
WithCode = Annotated[str | None, typer.Option("--code", help="The code of the problem.")]
Queue = Annotated[
    str | None, typer.Option("--queue", help="The queue, as klantcontact.zaken or zaken.")
]
Applicatie = Annotated[str | None, typer.Option("--applicatie", help="The sender.")]
Zaak = Annotated[str | None, typer.Option("--zaak", help="The number of the zaak.")]
Since = Annotated[
    str | None,
    typer.Option("--since", help="Came last at or after: 2026-11-23, 2026-11-23T10:00, 2h, 3d."),
]
Until = Annotated[str | None, typer.Option("--until", help="Came last before; as --since.")]
Toestand = Annotated[
    str | None,
    typer.Option("--toestand", help=f"One of {', '.join(TOESTANDEN)}, or alle; without it: open."),
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; it is kept on record.")]

PREFIX: Final = "klantcontact."
_PARTS: Final = 3


def choice(
    *,
    now: datetime,
    group: str | None = None,
    code: str | None = None,
    queue: str | None = None,
    applicatie: str | None = None,
    zaak: str | None = None,
    since: str | None = None,
    until: str | None = None,
    toestand: str | None = None,
) -> Choice:
    """What the options mean; raises WrongUsage that says which one means nothing."""
    veld = None
    if group is not None:
        if code is not None or queue is not None:
            raise WrongUsage("--group names the code and the queue: leave --code and --queue out")
        code, queue, veld = _group(group)
    if code is not None and code not in set(Code):
        raise WrongUsage(f"there is no code {code}; docs/dead-letters.md lists them")
    return Choice(
        toestanden=_toestanden(toestand),
        code=code,
        queue=_queue(queue),
        veld=veld,
        applicatie=applicatie,
        zaak=zaak,
        since=moment("--since", since, now),
        until=moment("--until", until, now),
    )


def group_name(code: str, queue: str, veld: str) -> str:
    """How a group is called: what --group takes."""
    return f"{code}/{queue.removeprefix(PREFIX)}/{veld}"


def _group(name: str) -> tuple[str, str, str]:
    parts = name.split("/")
    if len(parts) != _PARTS or not all(parts):
        raise WrongUsage("--group takes CODE/QUEUE/FIELD; `dead-letters groups` lists them")
    return parts[0], parts[1], parts[2]


def _queue(name: str | None) -> str | None:
    return name if name is None or name.startswith(PREFIX) else f"{PREFIX}{name}"


def _toestanden(name: str | None) -> tuple[str, ...]:
    if name is None:
        return ("open",)
    if name == "alle":
        return TOESTANDEN
    if name not in TOESTANDEN:
        raise WrongUsage(f"--toestand takes one of {', '.join(TOESTANDEN)}, or alle")
    return (name,)
