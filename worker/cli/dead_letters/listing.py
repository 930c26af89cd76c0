"""`klantcontact dead-letters list` and `groups`: what could not be processed, and of what cause."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import typer

from worker.cli import calling, texts
from worker.cli.dead_letters import group_lines, listed_lines, selecting
from worker.cli.hints import tell
from worker.clock import now
from worker.errors import UsageError
from worker.postgres.choosing import Choice, chosen
from worker.postgres.dead_letter_groups import Group
from worker.postgres.dead_letter_groups import groups as counted
from worker.postgres.dead_letter_lists import Listed, listed, place
from worker.postgres.pool import connected
from worker.postgres.tls import database_url

Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
After = Annotated[
    UUID | None,
    typer.Option(metavar="ID", help="Go on after this one: the last of the page before."),
]

_LIMIT: Final = 20
_GROUP: Final = "dead-letters"


def list_(
    *,
    group: selecting.Group = None,
    code: selecting.WithCode = None,
    queue: selecting.Queue = None,
    applicatie: selecting.Applicatie = None,
    zaak: selecting.Zaak = None,
    since: selecting.Since = None,
    until: selecting.Until = None,
    toestand: selecting.Toestand = None,
    limit: Limit = _LIMIT,
    after: After = None,
    as_json: calling.Json = False,
) -> None:
    """List dead letters, the newest first, a page at a time."""
    given = {
        "group": group,
        "code": code,
        "queue": queue,
        "applicatie": applicatie,
        "zaak": zaak,
        "since": since,
        "until": until,
        "toestand": toestand,
    }
    choice = _choice(given)
    page, end = calling.call(_page(choice, limit, after))
    if as_json:
        found = [listed_lines.document(one) for one in page]
        calling.print_json({"deadLetters": found, "next": end})
        return
    _show(page, choice)
    if end is not None:
        tell("More:", _GROUP, "list", **given, limit=None if limit == _LIMIT else limit, after=end)


def _choice(given: dict[str, str | None]) -> Choice:
    for name, text in given.items():
        texts.check_line(f"--{name}", text)
    with calling.errors_in_a_line():
        return selecting.choice(now=now(), **given)


async def _page(choice: Choice, limit: int, after: UUID | None) -> tuple[list[Listed], UUID | None]:
    """The dead letters of one page, and the last of them if there are more."""
    async with connected(database_url(calling.settings()), size=1) as pool:
        start = await place(pool, after) if after is not None else None
        if after is not None and start is None:
            raise UsageError(f"there is no dead letter {after} any more: leave --after out")
        places = await chosen(pool, choice, limit + 1, start)
        ids = [each[1] for each in places[:limit]]
        return await listed(pool, ids), ids[-1] if len(places) > limit else None


def _show(page: list[Listed], choice: Choice) -> None:
    moment = now()
    for one in page:
        calling.out.print(*listed_lines.lines(one, moment), sep="\n")
    if not page:
        which = "" if len(choice.toestanden) > 1 else f" in toestand {choice.toestanden[0]}"
        typer.echo(f"No dead letters{which} here; --toestand alle looks everywhere.")
    else:
        typer.echo()
        tell("All of one:", _GROUP, "show", "ID")


def groups(
    *,
    code: selecting.WithCode = None,
    queue: selecting.Queue = None,
    toestand: selecting.Toestand = None,
    as_json: calling.Json = False,
) -> None:
    """Count dead letters by cause: code, queue and the field of the error; the largest first."""
    choice = _choice({"code": code, "queue": queue, "toestand": toestand})
    found = calling.call(_groups(choice))
    if as_json:
        calling.print_json({"groups": [group_lines.document(each) for each in found]})
    else:
        _show_groups(found, choice)


async def _groups(choice: Choice) -> list[Group]:
    async with connected(database_url(calling.settings()), size=1) as pool:
        return await counted(pool, choice.toestanden, choice.code, choice.queue, now())


def _show_groups(found: list[Group], choice: Choice) -> None:
    if not found:
        _show([], choice)
        return
    moment = now()
    width = len(str(found[0].count))
    for each in found:
        # A name is copied: the terminal may wrap it, a line of ours that ends within it not.
        calling.out.print(group_lines.heading(each), soft_wrap=True)
        calling.out.print(group_lines.figures(each, width, moment))
    first = group_lines.name(found[0])
    typer.echo()
    tell("What is in the first:", _GROUP, "list", group=first)
    tell("When its cause is gone:", _GROUP, "retry", group=first)
