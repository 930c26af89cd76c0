"""Deliveries put together from the frames of one channel (AMQP 0-9-1, section 4.2.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from worker.envelope import Delivery
from worker.rabbitmq.properties import decoded
from worker.rabbitmq.subscription import queue_of
from worker.rabbitmq.transport import BODY, HEADER, METHOD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pamqp.commands import Basic

_DELIVER: Final = b"\x00\x3c\x00\x3c"  # class basic, method deliver


class Recipient(Protocol):
    """Who gets what is delivered on a channel."""

    def deliver(self, tag: int, delivery: Delivery) -> None:
        """Take one delivery, with the tag that it is answered by."""


@dataclass(slots=True)
class _Coming:
    """A delivery of which not every frame has arrived."""

    queue: str
    tag: int
    again: bool
    properties: tuple[Basic.Properties, Mapping[str, str]] | None = None
    missing: int = 0
    pieces: list[bytes] = field(default_factory=list)


class Deliveries:
    """The frames of a channel that consumes."""

    def __init__(self, recipient: Recipient) -> None:
        self._recipient = recipient
        self._coming: _Coming | None = None

    def take(self, kind: int, payload: bytes) -> bool:
        """Whether the frame belongs to a delivery; if it is the last one, hand that over."""
        coming = self._coming
        if coming is None:
            if kind != METHOD or not payload.startswith(_DELIVER):
                return False
            self._coming = _begun(payload)
            return True
        if kind == HEADER:
            coming.missing = int.from_bytes(payload[4:12])
            coming.properties = decoded(payload)
        elif kind == BODY:
            coming.pieces.append(payload)
            coming.missing -= len(payload)
        else:
            return False
        if coming.missing == 0 and coming.properties is not None:
            self._coming = None
            self._recipient.deliver(coming.tag, _delivery(coming, *coming.properties))
        return True


def _begun(payload: bytes) -> _Coming:
    """basic.deliver: the consumer's tag (its queue comes first), delivery tag, redelivered."""
    end = 5 + payload[4]
    return _Coming(
        queue=queue_of(payload[5:end].decode()),
        tag=int.from_bytes(payload[end : end + 8]),
        again=bool(payload[end + 8] & 1),
    )


def _delivery(
    whole: _Coming, properties: Basic.Properties, unreadable: Mapping[str, str]
) -> Delivery:
    return Delivery(
        body=b"".join(whole.pieces),
        queue=whole.queue,
        user_id=properties.user_id,
        message_id=properties.message_id,
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        timestamp=properties.timestamp,
        reply_to=properties.reply_to,
        correlation_id=properties.correlation_id,
        redelivered=whole.again,
        headers=properties.headers or {},
        unreadable=unreadable,
    )
