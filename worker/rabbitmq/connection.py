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
from worker.concurrency import Deadline, cancellations
from worker.errors import DeliveryAborted, Outage
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.hosts import Failed, Target, targets
from worker.rabbitmq.tls import Address, located
from worker.rabbitmq.transport import METHOD, GatedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from ssl import SSLContext

    from aiormq.channel import Channel
    from yarl import URL

# The only target has the first; several have the second at most, and the third together: with
# what it takes to find out that a host is silent, a worker is back within 15 s.
_CONNECT_SECONDS = 5.0
_CONNECT_EACH_SECONDS = 3.0
_CONNECT_ALL_SECONDS = 9.0
_CLOSE_SECONDS = 2
_ANSWER_SECONDS = 5
_IMPORT = "have an administrator run klantcontact topology apply"
_TLS = "see to KLANTCONTACT_AMQP_URL and KLANTCONTACT_AMQP_TLS_*"
_SILENCE_SECONDS = 8
_UNKNOWN = "RabbitMQ cannot be found: nobody knows the name of its host; is it right, and DNS up?"
# Of the whole process: what one role found out spares the others the wait.
_FAILED = Failed()
_CLOSE = b"\x00\x0a\x00\x32"  # class connection, method close
_INTERNAL_ERROR = 541


@contextmanager
def translated() -> Iterator[None]:
    """Turn what aio-pika raises into Outage, in words that say what to do.

    aiormq raises CancelledError where a channel closes while somebody waits for an answer, and
    StopAsyncIteration where the broker leaves in the middle of the handshake.
    """
    earlier = cancellations()
    try:
        yield
    except asyncio.CancelledError:
        if cancellations() > earlier:
            raise
        raise Outage("RabbitMQ or its library closed a channel that was in use") from None
    except ChannelNotFoundEntity as error:
        raise Outage(f"RabbitMQ: {_reason(error)}; {_IMPORT}") from None
    except ChannelAccessRefused as error:
        raise Outage(f"RabbitMQ: {_reason(error)}; see to the user's permissions") from None
    except ProbableAuthenticationError:
        raise Outage("RabbitMQ refuses the user or its password") from None
    except (
        AMQPError,
        ChannelInvalidStateError,
        OSError,
        StopAsyncIteration,
        TimeoutError,
    ) as error:
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


class Ending:
    """Sees how the broker ends a connection (connection.close; AMQP 0-9-1, section 1.4.2.9).

    aiormq passes its words on to one of those who wait for the broker, and not to all.
    """

    def __init__(self) -> None:
        self.code = 0
        self.text = ""

    def take(self, kind: int, payload: bytes) -> bool:
        """Note a close; all that is the connection's stays aiormq's."""
        if kind == METHOD and payload.startswith(_CLOSE):
            self.code = int.from_bytes(payload[4:6])
            self.text = payload[7 : 7 + payload[6]].decode(errors="replace")
        return False


class Connection(aio_pika.Connection):
    """A connection, with the gate that what it receives comes through, and whom it is with."""

    def __init__(
        self, url: URL, target: Target, *, context: SSLContext | None, gate: Gate, silence: float
    ) -> None:
        # Given, the context comes before whatever the URL says of verifying.
        super().__init__(url, ssl_context=context)
        self.target = target
        self.context = context
        self.gate = gate
        self.ended_by = Ending()
        gate.takers[0] = self.ended_by
        self.kwargs["transport_factory"] = GatedTransport(target.ip, gate, silence)

    @property
    def host(self) -> str:
        """The host that it is connected to, with its port."""
        return str(self.target.host)


@asynccontextmanager
async def connected(
    to: Address | str,
    name: str,
    *,
    gate: Gate | None = None,
    silence: float = _SILENCE_SECONDS,
) -> AsyncIterator[Connection]:
    """One connection, without recovery of its own: whoever holds it starts anew after a break.

    `to` is the settings' address, or the URL of a broker that needs none of them: of several
    hosts the first that can be connected to is used, and one that failed lately is tried last.
    `name` shows in the broker's list of connections. `gate` holds back reading, and so bounds the
    memory that deliveries take. A broker that says nothing for `silence` seconds is gone. Raises
    Outage.
    """
    at = located(to) if isinstance(to, str) else to
    connection = await _first(at, name, gate or Gate(), silence)
    try:
        yield connection
    except Outage as error:
        # What a message does, it would do on any host.
        if not isinstance(error, DeliveryAborted):
            _FAILED.note(connection.target)
        raise
    finally:
        connection.gate.open()
        # What the broker sent before it knew is read and dropped; a goodbye has its limit.
        with suppress(Outage), translated():
            async with Deadline(_CLOSE_SECONDS):
                await connection.close()


async def candidates(at: Address) -> Sequence[Target]:
    """All that there are, in the order in which they are to be tried."""
    known, _ = await targets(at.hosts)
    return _FAILED.order(known)


async def _first(at: Address, name: str, gate: Gate, silence: float) -> Connection:
    """A connection to the first target that takes one."""
    known, unknown = await targets(at.hosts)
    failures = {str(host): _UNKNOWN for host in unknown}
    seconds = _CONNECT_SECONDS
    if len(known) > 1:
        seconds = min(_CONNECT_EACH_SECONDS, _CONNECT_ALL_SECONDS / len(known))
    for target in _FAILED.order(known):
        url = aio_pika.connection.make_url(
            target.host.url, client_properties=None, name=name, heartbeat=_heartbeat(silence)
        )
        connection = Connection(url, target, context=at.context, gate=gate, silence=silence)
        try:
            await _connect(connection, seconds)
        except Outage as error:
            _FAILED.note(target)
            failures[str(target.host)] = str(error)
        else:
            return connection
    raise Outage(_together(failures))


async def _connect(connection: Connection, seconds: float) -> None:
    wanting = "TLS (amqps://)" if connection.context is None else "a client certificate"
    with translated(), _hung_up(wanting=wanting):
        async with Deadline(seconds):
            await connection.connect()


def _together(failures: Mapping[str, str]) -> str:
    """One line; in the order of the hosts' names, so that the same failures are the same words."""
    words = list(dict.fromkeys(failures.values()))
    if len(words) == 1:
        return words[0]
    each = (f"{host} {failures[host].removeprefix('RabbitMQ ')}" for host in sorted(failures))
    return f"RabbitMQ: no host can be used: {'; '.join(each)}"


@contextmanager
def delivering(connection: Connection) -> Iterator[None]:
    """While this consumes: an internal error of the broker's is DeliveryAborted, whoever met it.

    Tasks of one connection end one another, each in words of its own.
    """
    try:
        yield
    except Outage:
        ended = connection.ended_by
        if ended.code != _INTERNAL_ERROR:
            raise
        raise DeliveryAborted(f"{ended.code} {ended.text}") from None


def _heartbeat(silence: float) -> int:
    """In whole seconds; the broker sends one every half of it, so two are missed in a silence."""
    return max(1, int(silence * 0.8))


@asynccontextmanager
async def answered(gate: Gate) -> AsyncIterator[None]:
    """A request that the broker answers in time, or Outage is raised.

    The answer may stand behind deliveries that `gate` holds back: that time does not count.
    """
    with translated():
        async with Deadline(_ANSWER_SECONDS, lambda: gate.shut_until):
            yield


async def channel(connection: Connection, *, confirms: bool) -> Channel:
    """A channel; with `confirms`, an unroutable mandatory message raises at its publisher."""
    async with answered(connection.gate):
        try:
            opened = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
            await opened.initialize()
        except RuntimeError:
            # All that this says: the connection has ended since.
            raise Outage("RabbitMQ closed the connection") from None
        # aio-pika's own consumer and publisher wrap this one in two more tasks per message.
        return cast("Channel", await opened.get_underlay_channel())
