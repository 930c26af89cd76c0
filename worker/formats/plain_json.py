"""Plain JSON: the klantcontact itself is the body, the rest stands in AMQP's properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.envelope import Envelope
from worker.errors import Code, Refusal, Violation

if TYPE_CHECKING:
    from datetime import datetime

    from worker.envelope import Delivery


def decode(delivery: Delivery, received: datetime) -> Envelope:
    """Take id from `message_id`, time from `timestamp`, source from the applicatie."""
    if not delivery.user_id:
        detail = "set the property user_id to the user of the connection"
        raise Refusal(Violation(Code.APPLICATIE_ONBEKEND, detail, "user_id"))
    if not delivery.message_id or not delivery.message_id.isprintable():
        detail = "set the property message_id: it tells one message from the next"
        raise Refusal(Violation(Code.ONGELDIG, detail, "message_id"))
    return Envelope(
        applicatie=delivery.user_id,
        source=f"urn:applicatie:{delivery.user_id}",
        id=delivery.message_id,
        time=delivery.timestamp or received,
        data=delivery.body,
    )
