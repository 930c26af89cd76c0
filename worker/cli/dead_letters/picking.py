"""Which dead letters a command is to act on: by their ids, a group of them, or all."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from worker.cli.dead_letters import selecting
from worker.cli.texts import check_line, wrong_usage
from worker.errors import UsageError, WrongUsage
from worker.postgres.choosing import Choice

UNASKED: Final = 100
"""How many are acted on without asking."""

Yes = Annotated[bool, typer.Option("--yes", help=f"Don't ask, though it is more than {UNASKED}.")]
Toestand = Annotated[
    str | None, typer.Option("--toestand", help="open, wacht or alle; without it: open.")
]


@dataclass(frozen=True, slots=True)
class Filters:
    """The options that leave some out, as they were given."""

    code: str | None
    queue: str | None
    applicatie: str | None
    zaak: str | None
    since: str | None
    until: str | None
    toestand: str | None = None


def pick(
    ids: list[UUID] | None,
    group: str | None,
    filters: Filters,
    *,
    everything: bool,
    able: tuple[str, ...],
    now: datetime,
) -> list[UUID] | Choice:
    """The ids, each once; or those of a group or all that are there at `now`.

    `able` are the toestanden that the act can be done in, the first one where none is named.
    Raises WrongUsage, and Exit with status 2.
    """
    given = asdict(filters)
    for name, text in (("group", group), *given.items()):
        check_line(f"--{name}", text)
    if [bool(ids), group is not None, everything].count(True) != 1:
        wrong_usage("give the ids of dead letters, or --group, or --all: one of the three")
    if not ids:
        return _choice(group, given, able, now)
    if any(given.values()):
        wrong_usage("filters go with --group and --all; leave them out beside ids")
    return list(dict.fromkeys(ids))


def _choice(
    group: str | None, given: dict[str, str | None], able: tuple[str, ...], now: datetime
) -> Choice:
    """What comes, or comes back, while the command runs is not what was asked for."""
    toestand = given.pop("toestand")
    if toestand not in (None, "alle", *able):
        raise WrongUsage(f"--toestand takes {', '.join(able)} or alle here")
    choice = selecting.choice(now=now, group=group, **given)
    return replace(
        choice,
        until=min(choice.until or now, now),
        toestanden=able if toestand == "alle" else (toestand or able[0],),
    )


def ask(verb: str, done: str, count: int, *, yes: bool) -> None:
    """Ask before many; raises UsageError where nobody can be asked, or the answer is no."""
    if count <= UNASKED or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this is about {count} dead letters: add --yes, and they are {done}")
    if not typer.confirm(f"{verb.capitalize()} {count} dead letters?", err=True):
        raise UsageError(f"nothing was {done}")
