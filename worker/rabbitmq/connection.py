"""Connections to RabbitMQ, and its errors as ours."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, cast

import aio_pika
from aiormq.exceptions import (
    AMQPConnectionError,
    AMQPError,
    ChannelAccessRefused,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ProbableAuthenticationError,
)

from worker import tls
from worker.errors import Outage
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.tls import Address, located
from worker.rabbitmq.transport import GatedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from ssl import SSLContext

    from aiormq.channel import Channel
    from yarl import URL

_CONNECT_SECONDS = 5
_CLOSE_SECONDS = 2
_IMPORT = "have an administrator run klantcontact topology apply"
_TLS = "see to KLANTCONTACT_AMQP_URL and KLANTCONTACT_AMQP_TLS_*"
_SILENCE_SECONDS = 8


@contextmanager
def translated() -> Iterator[None]:
    """Turn what aio-pika raises into Outage, in words that say what to do."""
    try:
        yield
    except ChannelNotFoundEntity as error:
        raise Outage(f"RabbitMQ: {_reason(error)}; {_IMPORT}") from None
    except ChannelAccessRefused as error:
        raise Outage(f"RabbitMQ: {_reason(error)}; see to the user's permissions") from None
    except ProbableAuthenticationError:
        raise Outage("RabbitMQ refuses the user or its password") from None
    except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
        if insecure := tls.failure(error):
            raise Outage(f"RabbitMQ {insecure}; {_TLS}") from None
        msg = f"RabbitMQ does not answer ({type(error).__name__}); is it up, and reachable?"
        raise Outage(msg) from None


def _reason(error: AMQPError) -> str:
    """What the broker said: it names queues, exchanges and users, never a message."""
    return str(error.args[0] if error.args else error).partition(" - ")[2] or type(error).__name__


@contextmanager
def _hung_up(*, wanting: str) -> Iterator[None]:
    """A listener for TLS, and one that wants a certificate, may end it without a word."""
    try:
        yield
    except AMQPConnectionError as error:
        if isinstance(error.__cause__, (asyncio.IncompleteReadError, ConnectionResetError)):
            msg = f"RabbitMQ ends the connection at once; does it want {wanting}?"
            raise Outage(msg) from None
        raise


class Connection(aio_pika.Connection):
    """A connection, with the gate that what it receives comes through."""

    def __init__(
        self, url: URL, *, ssl_context: SSLContext | None, gate: Gate, silence: float
    ) -> None:
        # Given, the context comes before whatever the URL says of verifying.
        super().__init__(url, ssl_context=ssl_context)
        self.gate = gate
        self.kwargs["transport_factory"] = GatedTransport(gate, silence)


@asynccontextmanager
async def connected(
    to: Address | str,
    name: str,
    *,
    gate: Gate | None = None,
    silence: float = _SILENCE_SECONDS,
) -> AsyncIterator[Connection]:
    """One connection, without recovery of its own: whoever holds it starts anew after a break.

    `to` is the settings' address, or the URL of a broker that needs none of them. `name` shows
    in the broker's list of connections. `gate` holds back reading, and so bounds the memory that
    deliveries take. A broker that says nothing for `silence` seconds is gone. Raises Outage.
    """
    at = located(to) if isinstance(to, str) else to
    connection = Connection(
        aio_pika.connection.make_url(
            at.url, client_properties=None, name=name, heartbeat=_heartbeat(silence)
        ),
        ssl_context=at.context,
        gate=gate or Gate(),
        silence=silence,
    )
    with translated(), _hung_up(wanting="a client certificate" if at.context else "TLS (amqps://)"):
        await connection.connect(timeout=_CONNECT_SECONDS)
    try:
        yield connection
    finally:
        connection.gate.open()
        # What the broker sent before it knew is read and dropped; a goodbye has its limit.
        with translated(), suppress(TimeoutError):
            await asyncio.wait_for(connection.close(), _CLOSE_SECONDS)


def _heartbeat(silence: float) -> int:
    """In whole seconds; the broker sends one every half of it, so two are missed in a silence."""
    return max(1, int(silence * 0.8))


async def channel(connection: aio_pika.Connection, *, confirms: bool) -> Channel:
    """A channel; with `confirms`, an unroutable mandatory message raises at its publisher."""
    with translated():
        try:
            opened = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
            await opened.initialize(timeout=_CONNECT_SECONDS)
        except RuntimeError:
            # All that this says: the connection has ended since.
            raise Outage("RabbitMQ closed the connection") from None
        # aio-pika's own consumer and publisher wrap this one in two more tasks per message.
        return cast("Channel", await opened.get_underlay_channel())
