"""Frames of AMQP 0-9-1 as a broker sends them."""

from __future__ import annotations

from typing import Any

from pamqp import frame
from pamqp.commands import Basic
from pamqp.header import ContentHeader


def header(size: int = 1, **properties: Any) -> bytes:  # noqa: ANN401 (each has its own type)
    """The payload of a header frame."""
    return frame.marshal(ContentHeader(0, size, Basic.Properties(**properties)), 1)[7:-1]


def framed(kind: int, payload: bytes, channel: int = 1) -> bytes:
    return kind.to_bytes() + channel.to_bytes(2) + len(payload).to_bytes(4) + payload + b"\xce"


def delivered(
    tag: int, *pieces: bytes, queue: str = "q", channel: int = 1, again: bool = False
) -> bytes:
    """All frames of one delivery, its body in as many frames as there are pieces."""
    command = Basic.Deliver(
        consumer_tag=queue, delivery_tag=tag, redelivered=again, exchange="", routing_key=""
    )
    size = sum(map(len, pieces))
    return b"".join(
        (
            frame.marshal(command, channel),
            framed(2, header(size, message_id=f"bericht-{tag}"), channel),
            *(framed(3, piece, channel) for piece in pieces),
        )
    )
