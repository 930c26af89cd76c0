"""One receiving link on one queue (OASIS AMQP 1.0, parts 2 and 5): take a message, settle it.

Frames of our own, because this is one exchange of nine performatives, while the clients that
there are bring a C library to build (python-qpid-proton, and what stands on it). Everything is
bounded: a frame, a message, the wait for an answer.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from worker.concurrency import Deadline
from worker.errors import CannotTake
from worker.rabbitmq.amqp10.encoding import (
    FALSE,
    NULL,
    TRUE,
    Described,
    MalformedError,
    Pairs,
    Reader,
    binary,
    described,
    string,
    symbol,
    symbols,
    ubyte,
    uint,
    ushort,
)
from worker.rabbitmq.connection import candidates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from worker.rabbitmq.hosts import Host
    from worker.rabbitmq.tls import Address

_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 10
_HEARTBEAT_SECONDS: Final = 5
# A message on its way back to its queue, as from a consumer that ended, is there again by then.
_WAIT_SECONDS: Final = 2.0
_FRAME: Final = 128 * 1024
_HEAD: Final = 8
_WINDOW: Final = 2**31 - 1
_AMQP, _SASL = 0, 1
_PREAMBLES: Final = {_AMQP: b"AMQP\x00\x01\x00\x00", _SASL: b"AMQP\x03\x01\x00\x00"}
_OPEN, _BEGIN, _ATTACH, _FLOW, _TRANSFER, _DISPOSITION, _DETACH, _END, _CLOSE = range(0x10, 0x19)
_SOURCE, _TARGET = 0x28, 0x29
_ACCEPTED, _RELEASED = 0x24, 0x26
_MECHANISMS, _INIT, _OUTCOME = 0x40, 0x41, 0x44
# The broker's first answer to AMQP 1.0 where it has none.
_OTHER_PROTOCOL: Final = b"AMQP\x00\x00\x09\x01"
OFF: Final = (
    "RabbitMQ does not speak AMQP 1.0; have an administrator run"
    " rabbitmq-plugins enable rabbitmq_amqp1_0"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message in hand: the link's number of it, and the message as AMQP 1.0 has it."""

    number: int
    payload: bytes


class Link:
    """A receiver whose credit is one message at a time. Each call raises CannotTake."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._most = most
        self._incoming = self._delivered = 0
        self._head = b""
        self.version = ""
        """The broker's, as `4.0.5`."""

    async def take(self) -> Taken | None:
        """The message at the head of the queue; None where there is none. It stays unsettled."""
        with _words():
            self._flow(drain=False)
            try:
                async with Deadline(_WAIT_SECONDS):
                    first = await self._next_of(_TRANSFER)
            except TimeoutError:
                self._flow(drain=True)
                async with Deadline(_ANSWER_SECONDS):
                    first = await self._next_of(_TRANSFER, _FLOW)
            if first.code == _FLOW:
                return None
            async with Deadline(_ANSWER_SECONDS):
                return await self._message(first)

    async def accept(self, number: int) -> None:
        """Have the broker forget one that was taken."""
        await self._settle(number, _ACCEPTED)

    async def release(self, number: int) -> None:
        """Give one back to the queue that was taken."""
        await self._settle(number, _RELEASED)

    async def open(self, host: Host, queue: str) -> None:
        """From nothing to a link on `queue`."""
        with _words():
            async with Deadline(_ANSWER_SECONDS):
                await self._log_in(host)
                await self._open(host)
                self._send(_BEGIN, NULL, uint(0), uint(_WINDOW), uint(_WINDOW), uint(1))
                self._incoming = int((await self._next_of(_BEGIN)).fields[1])
                await self._attach(queue)

    async def beat(self) -> None:
        """Until cancelled: say that we are there."""
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            self._write(_AMQP, b"")

    async def close(self) -> None:
        """Say goodbye; what is unsettled goes back to the queue."""
        with suppress(CannotTake), _words():
            async with Deadline(_ANSWER_SECONDS):
                self._send(_DETACH, uint(0), TRUE)
                self._send(_CLOSE)
                await self._next_of(_CLOSE)
        self._writer.transport.abort()

    async def _log_in(self, host: Host) -> None:
        await self._greet(_SASL)
        offered = (await self._next_of(_MECHANISMS)).fields[0]
        offered = offered if isinstance(offered, list) else [offered]
        parts = urlsplit(host.url)
        external = parse_qs(parts.query).get("auth", [""])[0].lower() == "external"
        mechanism = "EXTERNAL" if external else "PLAIN"
        if mechanism not in offered:
            msg = f"RabbitMQ offers no {mechanism} for AMQP 1.0"
            raise CannotTake(msg)
        user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
        proof = b"" if external else f"\0{user}\0{password}".encode()
        self._send(_INIT, symbol(mechanism), binary(proof), string(host.name), kind=_SASL)
        if (await self._next_of(_OUTCOME)).fields[0] != 0:
            msg = "RabbitMQ refuses the user or its password for AMQP 1.0"
            raise CannotTake(msg)

    async def _open(self, host: Host) -> None:
        await self._greet(_AMQP)
        path = urlsplit(host.url).path
        vhost = unquote(path[1:]) or "/"
        self._send(
            _OPEN,
            string("klantcontact"),
            string(f"vhost:{vhost}"),
            uint(_FRAME),
            ushort(0),
        )
        said = (await self._next_of(_OPEN)).fields
        properties = said[9] if len(said) > 9 else None  # noqa: PLR2004 (open's tenth field)
        if isinstance(properties, Pairs):
            self.version = str(properties.named().get("version", ""))

    async def _attach(self, queue: str) -> None:
        outcomes = symbols("amqp:accepted:list", "amqp:released:list")
        named = string(address(queue, self.version))
        never, end = uint(0), symbol("session-end")
        source = described(
            _SOURCE, named, never, end, uint(0), FALSE, NULL, NULL, NULL, NULL, outcomes
        )
        target = described(_TARGET, string("klantcontact"))
        self._send(
            _ATTACH, string("klantcontact"), uint(0), TRUE, ubyte(0), ubyte(0), source, target
        )
        said = (await self._next_of(_ATTACH)).fields
        if len(said) <= 5 or said[5] is None:  # noqa: PLR2004 (attach's sixth field, the source)
            # The reason stands in the detach that follows.
            await self._next_of(_DETACH)
        if len(said) > 9:  # noqa: PLR2004 (attach's tenth field, the initial delivery count)
            self._delivered = int(said[9] or 0)

    async def _greet(self, kind: int) -> None:
        self._writer.write(_PREAMBLES[kind])
        said = await self._reader.readexactly(8)
        if said == _OTHER_PROTOCOL:
            raise CannotTake(OFF)
        if said != _PREAMBLES[kind]:
            msg = "RabbitMQ answers in another protocol than AMQP 1.0"
            raise CannotTake(msg)

    async def _message(self, first: _Performative) -> Taken:
        """A message, in as many transfers as it takes."""
        pieces, size, last = [first.payload], len(first.payload), first
        while last.flag(5):
            last = await self._next_of(_TRANSFER)
            size += len(last.payload)
            if size > self._most:
                msg = (
                    f"the message is larger than {self._most} bytes: see KLANTCONTACT_MEMORY_BUDGET"
                )
                raise CannotTake(msg)
            pieces.append(last.payload)
        self._delivered += 1
        return Taken(int(first.fields[1]), b"".join(pieces))

    def _flow(self, *, drain: bool) -> None:
        self._send(
            _FLOW,
            uint(self._incoming % 2**32),
            uint(_WINDOW),
            uint(0),
            uint(_WINDOW),
            uint(0),
            uint(self._delivered % 2**32),
            uint(1),
            NULL,
            TRUE if drain else FALSE,
        )

    async def _settle(self, number: int, outcome: int) -> None:
        """Written when this returns; the broker answers nothing to what is settled already."""
        it = uint(number)
        with _words():
            async with Deadline(_ANSWER_SECONDS):
                self._send(_DISPOSITION, TRUE, it, it, TRUE, described(outcome))
                await self._writer.drain()

    def _send(self, code: int, *fields: bytes, kind: int = _AMQP) -> None:
        self._write(kind, described(code, *fields))

    def _write(self, kind: int, body: bytes) -> None:
        head = (8 + len(body)).to_bytes(4) + b"\x02" + kind.to_bytes(1) + b"\x00\x00"
        self._writer.write(head + body)

    async def _next_of(self, *codes: int) -> _Performative:
        """The next of these; others are noted, and the end of link or connection raises."""
        while True:
            found = await self._next()
            if found.code == _TRANSFER:
                self._incoming += 1
            if found.code in codes and not found.error:
                if found.code != _FLOW or self._drained(found):
                    return found
            elif found.code in {_DETACH, _END, _CLOSE}:
                raise CannotTake(f"RabbitMQ ends the AMQP 1.0 link: {found.error}")

    def _drained(self, flow: _Performative) -> bool:
        """Whether there is no credit left, though nothing came."""
        if len(flow.fields) < 7 or flow.fields[5] is None:  # noqa: PLR2004 (flow of a session)
            return False
        self._delivered = int(flow.fields[5])
        return not flow.fields[6]

    async def _next(self) -> _Performative:
        while True:
            # Kept: a wait may end between a head and its body.
            self._head = self._head or await self._reader.readexactly(_HEAD)
            size, offset = int.from_bytes(self._head[:4]), 4 * self._head[4]
            if not _HEAD <= offset <= size <= _FRAME:
                msg = "a frame of a size that was not agreed on"
                raise MalformedError(msg)
            body = (await self._reader.readexactly(size - _HEAD))[offset - _HEAD :]
            self._head = b""
            if body:
                return _performative(body)


@dataclass(frozen=True, slots=True)
class _Performative:
    code: int
    fields: list[Any]
    payload: bytes

    def flag(self, place: int) -> bool:
        return len(self.fields) > place and self.fields[place] is True

    @property
    def error(self) -> str:
        """The condition and its words, where this ends something."""
        place = {_DETACH: 2, _END: 0, _CLOSE: 0}.get(self.code)
        if place is None or len(self.fields) <= place:
            return ""
        found = self.fields[place]
        said = found.value if isinstance(found, Described) else []
        return ": ".join(str(each) for each in said[:2] if each)


def _performative(body: bytes) -> _Performative:
    reader = Reader(body)
    found = reader.value()
    if not isinstance(found, Described) or not isinstance(found.value, list):
        msg = "a frame that is no performative"
        raise MalformedError(msg)
    return _Performative(found.descriptor, found.value, body[reader.place :])


def address(queue: str, version: str) -> str:
    """A queue's address: of format 2 from RabbitMQ 4.0 on, which 4.3 takes alone."""
    if version.partition(".")[0] == "3":
        return f"/amq/queue/{quote(queue, safe='')}"
    return f"/queues/{quote(queue, safe='')}"


@asynccontextmanager
async def linked(at: Address, queue: str, most: int) -> AsyncIterator[Link]:
    """A link on `queue` of the broker at `at`, for messages of up to `most` bytes.

    What it has in hand at its end goes back to the queue. Raises CannotTake.
    """
    streams, host = await _connected(at)
    link = Link(*streams, most)
    try:
        await link.open(host, queue)
        beating = asyncio.create_task(link.beat())
        try:
            yield link
        finally:
            beating.cancel()
    finally:
        await link.close()


async def _connected(
    at: Address,
) -> tuple[tuple[asyncio.StreamReader, asyncio.StreamWriter], Host]:
    """A connection to the first host that takes one."""
    failure = CannotTake("RabbitMQ cannot be found: is the name of its host right, and DNS up?")
    for target in await candidates(at):
        name = None if at.context is None else target.host.name
        try:
            with _words():
                async with Deadline(_CONNECT_SECONDS):
                    streams = await asyncio.open_connection(
                        target.ip, target.host.port, ssl=at.context, server_hostname=name
                    )
        except CannotTake as error:
            failure = error
        else:
            return streams, target.host
    raise failure


@contextmanager
def _words() -> Iterator[None]:
    """Turn what the network and the protocol raise into words."""
    try:
        yield
    except (OSError, TimeoutError, EOFError) as error:
        msg = f"RabbitMQ does not answer by AMQP 1.0 ({type(error).__name__})"
        raise CannotTake(msg) from None
    except (MalformedError, TypeError, IndexError, ValueError) as error:
        msg = f"RabbitMQ's AMQP 1.0 cannot be read ({error})"
        raise CannotTake(msg) from None
