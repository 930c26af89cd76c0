"""`klantcontact notificaties list`: who was told and who was not, the newest first."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import typer

from worker.cli import calling, texts
from worker.cli.hints import tell
from worker.cli.notificaties import listed_lines, options
from worker.clock import now
from worker.errors import UsageError
from worker.postgres.listed_mails import Listed, Look, exists, listed
from worker.postgres.mail_lists import Choice, chosen
from worker.postgres.pool import connected
from worker.postgres.tls import database_url

_LIMIT: Final = 20
_GROUP: Final = "notificaties"


def list_(
    by: calling.As = None,
    *,
    zaak: options.Zaak = None,
    toestand: options.Toestand = None,
    code: options.Code = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.Limit = _LIMIT,
    after: options.After = None,
    reveal: options.Reveal = False,
    reason: options.Reason = None,
    as_json: calling.Json = False,
) -> None:
    """List mails, and klantcontacten that somebody was not told of, the newest first."""
    given = {"zaak": zaak, "toestand": toestand, "code": code, "since": since, "until": until}
    choice = _choice(given)
    look = options.look(by, reason, now(), reveal=reveal)
    page, end = calling.call(_page(choice, limit, after, look))
    if as_json:
        found = [listed_lines.document(one, reveal=reveal) for one in page]
        calling.print_json({"notificaties": found, "next": end})
        return
    _show(page, given, reveal=reveal)
    if end is not None:
        tell("More:", _GROUP, "list", **given, limit=None if limit == _LIMIT else limit, after=end)


def _choice(given: dict[str, str | None]) -> Choice:
    for name, text in given.items():
        texts.check_line(f"--{name}", text)
    with calling.errors_in_a_line():
        return options.choice(now=now(), **given)


async def _page(
    choice: Choice, limit: int, after: UUID | None, look: Look | None
) -> tuple[list[Listed], UUID | None]:
    """What is on one page, and the last of it if there is more."""
    async with connected(database_url(calling.settings()), size=1) as pool:
        if after is not None and not await exists(pool, after):
            raise UsageError(f"there is no notificatie {after}: leave --after out")
        ids = await chosen(pool, choice, limit + 1, after)
        page = await listed(pool, ids[:limit], choice.reden, look)
        return page, ids[limit - 1] if len(ids) > limit else None


def _show(page: list[Listed], given: dict[str, str | None], *, reveal: bool) -> None:
    moment = now()
    for one in page:
        for line in listed_lines.lines(one, moment, reveal=reveal):
            calling.out.print(line)
    if page:
        typer.echo()
        tell("All of one:", _GROUP, "show", "ID")
    elif any(given.values()):
        typer.echo("Nothing is left by these options; with fewer there may be.")
    else:
        typer.echo("Nobody was to be told of anything yet.")
