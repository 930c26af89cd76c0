"""`klantcontact publish`: a small channel client with confirms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from uuid import uuid4

import typer

from worker.cli import calling
from worker.errors import UsageError
from worker.rabbitmq.connection import connected
from worker.rabbitmq.publishing import Publication, publishing
from worker.rabbitmq.topology import KANALEN, REGISTRATIE

# A short string of AMQP 0-9-1.
_LONGEST = 255


def publish(
    file: Annotated[Path, typer.Argument(help="JSON of one klantcontact; - reads stdin.")],
    applicatie: Annotated[
        str | None, typer.Option("--as", help="Which applicatie sends; its user on the broker.")
    ] = None,
    kanaal: Annotated[
        str | None, typer.Option(help="The routing key; without it, the applicatie's name.")
    ] = None,
    message_id: Annotated[
        str | None, typer.Option("--id", help="The message's id; without it, a new one.")
    ] = None,
    *,
    as_json: calling.Json = False,
) -> None:
    """Publish one klantcontact as a channel system would, and wait for the broker's confirm."""
    with calling.errors_in_a_line():
        url, user = _broker(applicatie)
        for name, text in (("--id", message_id), ("--kanaal", kanaal)):
            if text is not None and len(text.encode()) > _LONGEST:
                raise UsageError(f"{name} is too long: AMQP takes {_LONGEST} bytes")
        publication = Publication(
            exchange=REGISTRATIE,
            routing_key=kanaal or user,
            message_id=message_id or str(uuid4()),
            body=_read(file),
            content_type="application/json",
            user_id=user,
        )
    confirmed = calling.call(_publish(url, publication))
    if as_json:
        calling.print_json({"id": publication.message_id, "confirmed": confirmed})
    elif confirmed:
        typer.echo(f"Confirmed by the broker: message {publication.message_id}")
    else:
        typer.echo("Error: the broker did not take the message; its queue may be full", err=True)
    if not confirmed:
        raise typer.Exit(1)


async def _publish(url: str, publication: Publication) -> bool:
    async with connected(url, "klantcontact publish") as connection, publishing(connection) as to:
        return (await to.publish([publication]))[0]


def _broker(applicatie: str | None) -> tuple[str, str]:
    """The broker's URL for the applicatie's user, and that user's name."""
    stack = calling.running_stack()
    configured = calling.settings().amqp_url.get_secret_value()
    if stack is not None and configured == stack.amqp:
        user = applicatie or KANALEN[0]
        if user not in stack.users:
            raise UsageError(f"the stack has no user {user}; it has: {', '.join(stack.users)}")
        return stack.users[user], user
    user = urlsplit(configured).username or ""
    if applicatie not in {None, user}:
        msg = f"KLANTCONTACT_AMQP_URL is of user {user}; name the URL of {applicatie} there"
        raise UsageError(msg)
    return configured, user


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise UsageError(msg) from None
