"""The options of the commands, and what they mean."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from worker.cli import texts
from worker.cli.periods import moment
from worker.errors import WrongUsage
from worker.postgres.listed_mails import Look
from worker.postgres.mail_lists import REASONS, TOESTANDEN, Choice

Zaak = Annotated[str | None, typer.Option("--zaak", help="The number of the zaak.")]
Toestand = Annotated[
    str | None, typer.Option("--toestand", help=f"One of {', '.join(TOESTANDEN)}; without it: all.")
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        help=f"What the mail server said last, as 550; or why not: {', '.join(REASONS)}.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--since", help="Made at or after: 2026-11-23, 2026-11-23T10:00, 2h, 3d."),
]
Until = Annotated[str | None, typer.Option("--until", help="Made before; as --since.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
After = Annotated[
    UUID | None,
    typer.Option(metavar="ID", help="Go on after this one: the last of the page before."),
]
Reveal = Annotated[
    bool,
    typer.Option(
        "--reveal", help="Show names, addresses and answers; that you did is kept on record."
    ),
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; it is kept on record.")]

_CODES: Final = range(200, 600)


def choice(
    *,
    now: datetime,
    zaak: str | None = None,
    toestand: str | None = None,
    code: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Choice:
    """What the options mean; raises WrongUsage that says which one means nothing."""
    if toestand not in {None, "alle", *TOESTANDEN}:
        raise WrongUsage(f"--toestand takes one of {', '.join(TOESTANDEN)}, or alle")
    return Choice(
        zaak=zaak,
        toestand=None if toestand == "alle" else toestand,
        code=_number(code),
        reden=code if code in REASONS else None,
        since=moment("--since", since, now),
        until=moment("--until", until, now),
    )


def look(by: str | None, reason: str | None, now: datetime, *, reveal: bool) -> Look | None:
    """Who looks at what is masked, if it is to be shown."""
    return Look(texts.actor(by), texts.reason(reason), now) if reveal else None


def _number(code: str | None) -> int | None:
    if code is None or code in REASONS:
        return None
    if not (code.isascii() and code.isdigit() and int(code) in _CODES):
        raise WrongUsage(f"--code takes a number as 550, or one of {', '.join(REASONS)}")
    return int(code)
