"""What `klantcontact publish` does: make the message and its token, send it, tell what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from worker.cli import calling, message_file, outcome
from worker.cli.outcome import Sent
from worker.cli.signing import Choice, Signer
from worker.clock import now
from worker.errors import UsageError, WrongUsage
from worker.rabbitmq.asking import ask
from worker.rabbitmq.connection import connected
from worker.rabbitmq.publishing import Publication, publishing
from worker.rabbitmq.tls import Address, address
from worker.rabbitmq.topology import KANALEN, REGISTRATIE
from worker.settings import Settings
from worker.stack.state import StackState

# A short string of AMQP 0-9-1.
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked to be sent; None stands for what fits."""

    file: Path
    applicatie: str | None = None
    kanaal: str | None = None
    message_id: str | None = None
    content_type: str | None = None
    headers: tuple[str, ...] = ()
    """Each as NAME=VALUE."""
    token_file: Path | None = None
    client_id: str | None = None
    user: str | None = None


def send(wish: Wish, *, wait: float | None, as_json: bool) -> bool:
    """Whether it went well: confirmed, and registered if that was waited for, in seconds."""
    with calling.errors_in_a_line():
        settings, stack = calling.settings(), calling.running_stack()
        broker, sender = _broker(settings, stack, wish.applicatie)
        publication = _publication(wish, sender)
    choice = Choice(sender, wish.token_file, wish.client_id, wish.user)
    signed = calling.call(Signer(settings, stack).signed(publication, choice))
    sent = calling.call(_send(broker, signed, wait))
    outcome.tell(signed.message_id, sent, waited=wait, as_json=as_json)
    return sent.confirmed and (wait is None or sent.registered)


def _publication(wish: Wish, sender: str) -> Publication:
    body = message_file.read(wish.file)
    kind = wish.content_type or message_file.content_type(wish.file, body)
    return Publication(
        exchange=REGISTRATIE,
        routing_key=_short("--kanaal", wish.kanaal or sender),
        message_id=_short("--id", wish.message_id or str(uuid4())),
        body=body,
        content_type=_short("--content-type", kind),
        user_id=sender,
        timestamp=now(),
        headers=_headers(wish.headers),
    )


async def _send(broker: Address | str, publication: Publication, wait: float | None) -> Sent:
    """`wait` is in seconds, None to be content with the broker's confirm."""
    async with connected(broker, "klantcontact publish") as connection:
        if wait is not None:
            return Sent(
                *await ask(connection, publication, outcome.understand, wait, outcome.final)
            )
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
    to = address(settings)
    user = urlsplit(to.hosts[0].url).username or ""
    if applicatie not in {None, user}:
        msg = f"KLANTCONTACT_AMQP_URL is of user {user}; name the URL of {applicatie} there"
        raise UsageError(msg)
    return to, user


def _short(option: str, text: str) -> str:
    if len(text.encode()) > _LONGEST:
        raise WrongUsage(f"{option} is too long: AMQP takes {_LONGEST} bytes")
    return text


def _headers(given: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for each in given:
        name, found, value = each.partition("=")
        if not found or not name:
            raise WrongUsage("--header takes NAME=VALUE")
        if name.lower() == "authorization":
            # Every user of the machine can read the process list.
            raise WrongUsage("a token comes from a file: --token-file")
        headers[_short("--header", name)] = value
    return headers
