"""`klantcontact publish`: a small channel client with confirms, tokens and replies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from uuid import uuid4

import typer

from worker.cli import calling, message_file, outcome
from worker.cli.outcome import Sent
from worker.cli.signing import Choice, Signer
from worker.errors import UsageError
from worker.rabbitmq.asking import ask
from worker.rabbitmq.connection import connected
from worker.rabbitmq.publishing import Publication, publishing
from worker.rabbitmq.tls import Address, address
from worker.rabbitmq.topology import KANALEN, REGISTRATIE
from worker.roles import now
from worker.settings import Settings
from worker.stack.state import StackState

# A short string of AMQP 0-9-1.
_LONGEST = 255


def publish(
    file: Annotated[Path, typer.Argument(help="One klantcontact, JSON or XML; - reads stdin.")],
    applicatie: Annotated[
        str | None, typer.Option("--as", help="Which applicatie sends; its user on the broker.")
    ] = None,
    *,
    kanaal: Annotated[
        str | None, typer.Option(help="The routing key; without it, the applicatie's name.")
    ] = None,
    message_id: Annotated[
        str | None,
        typer.Option("--id", help="The message's id, unless the file holds one; or a new one."),
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(help="Without it, told from the file's name and content.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header, as zaak=ZAAK-1.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="A token, ready-made; without it, one is made.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(help="Whose secret signs; without it, one of the applicatie's.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="The person in the token; without it, the opvoerder.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="How long to wait, in seconds.")] = 30,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome and show it.")] = False,
    as_json: calling.Json = False,
) -> None:
    """Publish one klantcontact as a channel system would, and wait for the broker's confirm."""
    with calling.errors_in_a_line():
        settings, stack = calling.settings(), calling.running_stack()
        broker, sender = _broker(settings, stack, applicatie)
        body = message_file.read(file)
        publication = Publication(
            exchange=REGISTRATIE,
            routing_key=_short("--kanaal", kanaal or sender),
            message_id=_short("--id", message_id or str(uuid4())),
            body=body,
            content_type=_short(
                "--content-type", content_type or message_file.content_type(file, body)
            ),
            user_id=sender,
            timestamp=now(),
            headers=_headers(header or ()),
        )
    choice = Choice(sender, token_file, client_id, user)
    signed = calling.call(Signer(settings, stack).signed(publication, choice))
    waited = timeout if wait else None
    sent = calling.call(_send(broker, signed, waited))
    outcome.tell(signed.message_id, sent, waited=waited, as_json=as_json)
    if not sent.confirmed or (wait and not sent.registered):
        raise typer.Exit(1)


async def _send(broker: Address | str, publication: Publication, wait: float | None) -> Sent:
    """`wait` is in seconds, None to be content with the broker's confirm."""
    async with connected(broker, "klantcontact publish") as connection:
        if wait is not None:
            return Sent(*await ask(connection, publication, outcome.understand, wait))
        async with publishing(connection) as to:
            return Sent((await to.publish([publication]))[0])


def _broker(
    settings: Settings, stack: StackState | None, applicatie: str | None
) -> tuple[Address | str, str]:
    """The broker for the applicatie's user, and that user's name."""
    configured = settings.amqp_url.get_secret_value()
    if stack is not None and configured == stack.amqp:
        user = applicatie or KANALEN[0]
        if user not in stack.users:
            raise UsageError(f"the stack has no user {user}; it has: {', '.join(stack.users)}")
        return stack.users[user], user
    user = urlsplit(configured).username or ""
    if applicatie not in {None, user}:
        msg = f"KLANTCONTACT_AMQP_URL is of user {user}; name the URL of {applicatie} there"
        raise UsageError(msg)
    return address(settings), user


def _short(option: str, text: str) -> str:
    if len(text.encode()) > _LONGEST:
        raise UsageError(f"{option} is too long: AMQP takes {_LONGEST} bytes")
    return text


def _headers(given: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for each in given:
        name, found, value = each.partition("=")
        if not found or not name:
            raise UsageError("--header takes NAME=VALUE")
        if name.lower() == "authorization":
            # Every user of the machine can read the process list.
            raise UsageError("a token comes from a file: --token-file")
        headers[_short("--header", name)] = value
    return headers
