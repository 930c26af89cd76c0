"""Plain JSON: the klantcontact itself is the body, the rest stands in AMQP's properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from worker.envelope import Envelope
from worker.errors import Code, Refusal, Violation
from worker.formats.content import read_json

if TYPE_CHECKING:
    from datetime import datetime

    from worker.envelope import Delivery

SOURCE: Final = "urn:applicatie:"
"""What a source begins with that is no more than the applicatie's name."""


def decode(delivery: Delivery, received: datetime, _kind: str) -> Envelope:
    """Take id from `message_id`, time from `timestamp`, source from the applicatie."""
    if not delivery.message_id or not delivery.message_id.isprintable():
        detail = "set the property message_id: it tells one message from the next"
        raise Refusal(Violation(Code.ONGELDIG, detail, "message_id"))
    read_json(delivery.body)
    applicatie = delivery.user_id or ""
    return Envelope(
        applicatie=applicatie,
        source=f"{SOURCE}{applicatie}",
        id=delivery.message_id,
        time=delivery.timestamp or received,
        data=delivery.body,
    )
