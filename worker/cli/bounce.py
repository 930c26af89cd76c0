"""`klantcontact bounce`: hands a mail that came back to the worker, as a mail server's pipe does.

By sysexits(3) a mail server keeps the mail and tries again when this ends with 75, and anything
else but 0 makes it send a bounce about the bounce. So whatever is the matter here is 75: the
broker is away, or a setting is wrong, and somebody will mend it.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final
from uuid import NAMESPACE_OID, UUID, uuid5

import typer

from worker.cli import calling

if TYPE_CHECKING:
    from worker.rabbitmq.publishing import Publication
    from worker.rabbitmq.tls import Address

_USER: Final = "mailsysteem"


def bounce(
    ontvanger: Annotated[
        str | None, typer.Option(help="The address that the mail was sent to: bounces+...@...")
    ] = None,
) -> None:
    """Hand over a mail that came back, from stdin; exit status 75: not now, try again."""
    body = sys.stdin.buffer.read()
    try:
        confirmed, message_id = _handed_over(body, ontvanger)
    except typer.Exit:
        raise typer.Exit(os.EX_TEMPFAIL) from None
    if not confirmed:
        typer.echo("Error: the broker did not take the mail; its queue may be full", err=True)
        raise typer.Exit(os.EX_TEMPFAIL)
    typer.echo(f"Confirmed by the broker: message {message_id}")


def _handed_over(body: bytes, ontvanger: str | None) -> tuple[bool, UUID]:
    """Whether the broker confirmed it, and its id, the same whenever the same mail is tried."""
    from urllib.parse import urlsplit

    from worker.rabbitmq.publishing import Publication
    from worker.rabbitmq.tls import address
    from worker.rabbitmq.topology import BOUNCE

    with calling.errors_in_a_line():
        settings, stack = calling.settings(), calling.running_stack()
        url = settings.amqp_url.get_secret_value()
        to: Address | str = address(settings)
    if stack is not None and url == stack.amqp:
        to = url = stack.users[_USER]
    message_id = uuid5(NAMESPACE_OID, sha256(body).hexdigest())
    publication = Publication(
        exchange=BOUNCE,
        routing_key="bounce",
        message_id=str(message_id),
        body=body,
        content_type="message/rfc822",
        user_id=urlsplit(url).username,
        headers={} if ontvanger is None else {"ontvanger": ontvanger},
    )
    return calling.call(_publish(to, publication)), message_id


async def _publish(to: Address | str, publication: Publication) -> bool:
    from worker.rabbitmq.connection import connected
    from worker.rabbitmq.publishing import publishing

    async with connected(to, "klantcontact bounce") as connection, publishing(connection) as out:
        return (await out.publish([publication]))[0]
