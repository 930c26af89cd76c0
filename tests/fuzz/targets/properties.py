"""The properties and headers of a message, as they stand in the broker's frames."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from pamqp import frame
from pamqp.commands import Basic

from tests.contacts import NOW, body
from tests.frames import header
from tests.fuzz.pieces import SEPARATOR, joined
from tests.fuzz.target import Target
from tests.fuzz.targets.messages import judged
from worker.rabbitmq.confirms import Confirms, Window
from worker.rabbitmq.deliveries import Deliveries
from worker.rabbitmq.transport import BODY, HEADER, METHOD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.envelope import Delivery

_QUEUE: Final = "klantcontact.registratie.callcenter"
_DELIVER: Final = frame.marshal(
    Basic.Deliver(consumer_tag=_QUEUE, delivery_tag=1, exchange="", routing_key=""), 1
)[7:-1]
_RETURN: Final = frame.marshal(
    Basic.Return(reply_code=312, reply_text="NO_ROUTE", exchange="x", routing_key="y"), 1
)[7:-1]
_ACK: Final = frame.marshal(Basic.Ack(delivery_tag=1), 1)[7:-1]
_TEXTS: Final = (
    "content_type",
    "content_encoding",
    "user_id",
    "message_id",
    "reply_to",
    "correlation_id",
)


@dataclass
class _Taken:
    all: list[Delivery] = field(default_factory=list)

    def deliver(self, tag: int, delivery: Delivery) -> None:
        del tag
        # The broker has held it against the name of the connection's user.
        user = delivery.user_id and delivery.user_id.replace("\x00", "")
        self.all.append(replace(delivery, user_id=user))


def properties(data: bytes) -> None:
    """Any flags and values before the separator, the body behind it."""
    values, _, content = data.partition(SEPARATOR)
    payload = header(len(content))[:12] + values
    taken = _Taken()
    frames = Deliveries(taken)
    pieces = [(BODY, each) for each in (content[:1], content[1:]) if each]
    for kind, part in [(METHOD, _DELIVER), (HEADER, payload), *pieces]:
        assert frames.take(kind, part)
    (came,) = taken.all
    assert (came.body, came.queue) == (content, _QUEUE)
    assert all(isinstance(getattr(came, name), str | None) for name in _TEXTS)
    judged(came)
    _sent_back(payload, len(content))


def _sent_back(payload: bytes, size: int) -> None:
    """One of ours that no queue took: whatever stands in it, its confirm is found."""
    loop = asyncio.new_event_loop()
    try:
        window = Window([False], 1, loop.create_future())
        confirms = Confirms()
        confirms.expect(window, 0, [("x", "y", "z")])
        content = [(BODY, b"x" * size)] if size else []
        for kind, part in [(METHOD, _RETURN), (HEADER, payload), *content, (METHOD, _ACK)]:
            assert confirms.take(kind, part)
        assert window.done.done()
    finally:
        loop.close()


def _seed(content: bytes = b"{", **given: object) -> bytes:
    return joined(header(len(content), **given)[12:], content)


_HEADERS: Final[Mapping[str, object]] = {
    "authorization": "Bearer a.b.c",
    "lijst": [1, None, {"diep": [bytearray(b"\xff")]}],
    "x-death": [{"count": 1, "reason": "expired", "queue": _QUEUE, "time": NOW}],
}
PROPERTIES: Final = Target(
    properties,
    (
        _seed(),
        _seed(
            body(),
            user_id="callcenter",
            message_id="een",
            content_type="application/json",
            timestamp=NOW,
            reply_to="antwoord.callcenter.1",
            correlation_id="vraag",
            headers=dict(_HEADERS),
        ),
        _seed(body(), user_id="callcenter", message_id="a\x00", content_type="application/json"),
    ),
    (b"\x01aF", b"\x01aA", b"\x01aT", b"\x01aD", b"\xff" * 8, b"\x1e", b"\x01aS", b"\x01ad"),
)
