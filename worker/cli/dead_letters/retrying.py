"""`klantcontact dead-letters retry`: what was refused is judged anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

import typer

from worker.cli import calling, texts
from worker.cli.dead_letters import picking, selecting, working
from worker.cli.dead_letters.awaiting import Outcome, outcome
from worker.cli.dead_letters.batches import Tally
from worker.clock import database_now, now
from worker.errors import WrongUsage
from worker.postgres.choosing import Choice
from worker.postgres.objections import KLANTCONTACTEN
from worker.postgres.pool import connected
from worker.postgres.retrying import Retry, retry_ids, retry_page
from worker.postgres.tls import database_url

Rate = Annotated[
    int | None,
    typer.Option(min=1, help="How many a second at most; without it, as fast as it goes."),
]
Late = Annotated[bool, typer.Option("--accept-late", help="Take them however old they are.")]
NewId = Annotated[bool, typer.Option("--new-id", help="Register each under an id of its own.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="Wait until the worker is done with them, and tell.")
]
Timeout = Annotated[float, typer.Option(min=0, help="How long to wait, in seconds.")]

_ABLE: Final = ("open", "wacht")
_FOLLOW: Final = "Follow them: klantcontact dead-letters list --toestand hervat"


def retry(
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
    rate: Rate = None,
    accept_late: Late = False,
    new_id: NewId = False,
    reason: selecting.Reason = None,
    yes: picking.Yes = False,
    wait: Wait = False,
    timeout: Timeout = 60,
    as_json: calling.Json = False,
) -> None:
    """Have dead letters judged anew: those named, a group of them, or all that are open.

    Named ones go all or none. Of a group and of all, those that cannot be retried are passed over.
    """
    if ids and rate is not None:
        texts.wrong_usage("--rate goes with --group and --all: what is named goes in one piece")
    with calling.errors_in_a_line():
        settings = calling.settings()
        begun = now()
        wish = Retry(
            texts.actor(by), texts.reason(reason), begun, settings.retry_lease, accept_late, new_id
        )
        filters = picking.Filters(code, queue, applicatie, zaak, since, until, toestand)
        picked = picking.pick(ids, group, filters, everything=everything, able=_ABLE, now=begun)
        _check(picked, wish)
    work = _work(wish)

    async def act() -> tuple[Tally, Outcome | None]:
        async with connected(database_url(settings), size=1) as pool:
            tally = await working.carry_out(pool, picked, work, yes=yes, quiet=as_json, rate=rate)
            if not wait:
                return tally, None
            return tally, await outcome(pool, tally.done, timeout, quiet=as_json)

    tally, became = calling.call(act())
    _tell(tally, work, became, as_json=as_json)
    if not tally.complete or (became and not became.good):
        raise typer.Exit(1)


def _check(picked: list[UUID] | Choice, wish: Retry) -> None:
    """Raises WrongUsage where what is allowed is nothing for what is asked for."""
    queue = picked.queue if isinstance(picked, Choice) else None
    if queue and (wish.late or wish.new_id) and not queue.startswith(KLANTCONTACTEN):
        raise WrongUsage("--accept-late and --new-id are for klantcontacten: leave them out")


def _work(wish: Retry) -> working.Work:
    return working.Work(
        verb="retry",
        doing="retrying",
        done="retried",
        named=lambda pool, ids: retry_ids(pool, ids, replace(wish, now=database_now())),
        page=lambda pool, choice, most, after: retry_page(
            pool, choice, replace(wish, now=database_now()), most, after
        ),
    )


def _tell(tally: Tally, work: working.Work, became: Outcome | None, *, as_json: bool) -> None:
    if as_json:
        outcome_of_it = {} if became is None else {"outcome": became.document()}
        calling.print_json({**tally.document(work.done), **outcome_of_it})
        return
    working.tell(tally, work, None if became else _FOLLOW)
    if became and tally.done:
        for line in became.lines():
            typer.echo(line)
