"""`klantcontact notificaties resend`: one mail again, to its one recipient."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import typer

from worker.cli import calling, texts
from worker.cli.hints import tell
from worker.cli.notificaties import options
from worker.clock import database_now
from worker.postgres.pool import connected
from worker.postgres.resend_plan import Wish
from worker.postgres.resending import Resent
from worker.postgres.resending import resend as send_again
from worker.postgres.retrying import Retry
from worker.postgres.tls import database_url

Again = Annotated[
    bool, typer.Option("--again", help="Though it was sent: as a new mail, which tells the same.")
]
Current = Annotated[
    bool,
    typer.Option(
        "--to-current-address",
        help="As a new mail to the address that the zaak's facts have now.",
    ),
]

_UNKNOWN: Final = "onzeker"


def resend(
    mail: Annotated[UUID, typer.Argument(metavar="MAIL", help="The id of the mail.")],
    by: calling.As = None,
    *,
    again: Again = False,
    current: Current = False,
    reason: options.Reason = None,
    as_json: calling.Json = False,
) -> None:
    """Send a mail again that failed, came back, or may not have arrived: to nobody else.

    It is the same mail with the same Message-ID, as long as nothing else is asked for.
    """
    who, why = texts.actor(by), texts.reason(reason)

    async def act() -> Resent:
        settings = calling.settings()
        async with connected(database_url(settings), size=1) as pool:
            retry = Retry(who, why, database_now(), settings.retry_lease)
            return await send_again(pool, mail, Wish(again, current), retry)

    done = calling.call(act())
    if as_json:
        calling.print_json(_document(mail, done))
    else:
        _tell(mail, done)


def _document(mail: UUID, done: Resent) -> dict[str, object]:
    return {
        "mail": mail,
        "same": done.mails == [mail],
        "mails": list(done.mails),
        "unmarked": done.unmarked,
    }


def _tell(mail: UUID, done: Resent) -> None:
    if done.mails == [mail]:
        typer.echo(f"{mail}: the same mail is on its way again.")
        if done.toestand == _UNKNOWN:
            typer.echo("If it did arrive before, it comes twice, with the same Message-ID.")
    else:
        typer.echo(f"{mail}: a new mail goes out instead of it:")
        for each in done.mails:
            typer.echo(f"  {each}")
    if done.unmarked:
        typer.echo("Its address counted as undeliverable; it does not any more.")
    tell("Follow it:", "notificaties", "show", str(done.mails[0]))
