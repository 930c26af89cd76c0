"""Deliveries given back, as frames (basic.nack, RabbitMQ's own; AMQP 0-9-1, section 2.3.5)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from worker.rabbitmq.transport import METHOD

if TYPE_CHECKING:
    from collections.abc import Iterable

# Type, channel and size of a frame; class, method, delivery tag and bits; the end.
_FRAME: Final = Struct(">BHIHHQBB")
_BASIC: Final = 60
_NACK: Final = 120
# Each by itself: `multiple` would mean those in hand too.
_REQUEUE: Final = 0b10
_END: Final = 0xCE


def returned(channel: int, tags: Iterable[int]) -> bytes:
    """Give these back to their queue."""
    return b"".join(
        _FRAME.pack(METHOD, channel, 13, _BASIC, _NACK, tag, _REQUEUE, _END) for tag in tags
    )
