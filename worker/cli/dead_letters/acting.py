"""`klantcontact dead-letters archive`, `restore` and `note`."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import typer

from worker.cli import calling, texts
from worker.cli.dead_letters import picking, selecting, working
from worker.cli.dead_letters.batches import Tally
from worker.clock import now
from worker.postgres import acting
from worker.postgres.acting import ARCHIVE, RESTORE, Deed, act_on_ids, act_on_page
from worker.postgres.choosing import Choice
from worker.postgres.pool import connected
from worker.postgres.tls import database_url

_DOING: Final = {ARCHIVE: "archiving", RESTORE: "restoring"}
_HINTS: Final = {
    ARCHIVE: "Back to open: klantcontact dead-letters restore, with the same ids or filters",
    RESTORE: "They are open again: klantcontact dead-letters list",
}


def archive(
    ids: selecting.Ids = None,
    by: calling.As = None,
    *,
    group: selecting.Group = None,
    everything: selecting.All = False,
    code: selecting.WithCode = None,
    queue: selecting.Queue = None,
    applicatie: selecting.Applicatie = None,
    zaak: selecting.Zaak = None,
    since: selecting.Since = None,
    until: selecting.Until = None,
    toestand: picking.Toestand = None,
    reason: selecting.Reason = None,
    yes: picking.Yes = False,
    as_json: calling.Json = False,
) -> None:
    """Put dead letters away that nobody needs to look at any more; none is lost by it."""
    filters = picking.Filters(code, queue, applicatie, zaak, since, until, toestand)
    with calling.errors_in_a_line():
        deed = Deed(ARCHIVE, texts.actor(by), texts.reason(reason), now())
        picked = _picked(ids, group, filters, deed, everything=everything)
    _act(picked, deed, yes=yes, as_json=as_json)


def restore(
    ids: selecting.Ids = None,
    by: calling.As = None,
    *,
    group: selecting.Group = None,
    everything: selecting.All = False,
    code: selecting.WithCode = None,
    queue: selecting.Queue = None,
    applicatie: selecting.Applicatie = None,
    zaak: selecting.Zaak = None,
    since: selecting.Since = None,
    until: selecting.Until = None,
    reason: selecting.Reason = None,
    yes: picking.Yes = False,
    as_json: calling.Json = False,
) -> None:
    """Take archived dead letters back: they are open again."""
    filters = picking.Filters(code, queue, applicatie, zaak, since, until)
    with calling.errors_in_a_line():
        deed = Deed(RESTORE, texts.actor(by), texts.reason(reason), now())
        picked = _picked(ids, group, filters, deed, everything=everything)
    _act(picked, deed, yes=yes, as_json=as_json)


def note(
    identity: Annotated[UUID, typer.Argument(metavar="ID", help="The id of the dead letter.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be known about it.")],
    by: calling.As = None,
    *,
    as_json: calling.Json = False,
) -> None:
    """Write on a dead letter, for whoever looks at it next."""
    written, who = texts.prose("TEXT", text), texts.actor(by)

    async def write() -> bool:
        async with connected(database_url(calling.settings()), size=1) as pool:
            return await acting.note(pool, identity, written, who, now())

    if not calling.call(write()):
        typer.echo(f"Error: there is no dead letter {identity}", err=True)
        raise typer.Exit(1)
    if as_json:
        calling.print_json({"id": identity, "note": written, "by": who})
    else:
        typer.echo(f"{identity}: noted")


def _picked(
    ids: list[UUID] | None,
    group: str | None,
    filters: picking.Filters,
    deed: Deed,
    *,
    everything: bool,
) -> list[UUID] | Choice:
    return picking.pick(
        ids, group, filters, everything=everything, able=deed.act.before, now=deed.now
    )


def _act(picked: list[UUID] | Choice, deed: Deed, *, yes: bool, as_json: bool) -> None:
    work = _work(deed)

    async def act() -> Tally:
        async with connected(database_url(calling.settings()), size=1) as pool:
            return await working.carry_out(pool, picked, work, yes=yes, quiet=as_json)

    tally = calling.call(act())
    if as_json:
        calling.print_json(tally.document(work.done))
    else:
        working.tell(tally, work, _HINTS[deed.act])
    if not tally.complete:
        raise typer.Exit(1)


def _work(deed: Deed) -> working.Work:
    return working.Work(
        verb=deed.act.name,
        doing=_DOING[deed.act],
        done=deed.act.done,
        named=lambda pool, ids: act_on_ids(pool, ids, deed),
        page=lambda pool, choice, most, after: act_on_page(pool, choice, deed, most, after),
    )
