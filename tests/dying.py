"""Deliveries as the broker hands them out of `klantcontact.dlq`, and what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contacts import NOW, QUEUE, delivery
from tests.fakes import Lines
from worker.deaths import Dead, Deaths
from worker.roles.apart import QUEUES

if TYPE_CHECKING:
    from datetime import datetime

    from worker.envelope import Delivery
    from worker.logs import Log

MISSING = object()


def died(
    content: bytes | None = None,
    *,
    reason: object = "rejected",
    queue: object = QUEUE,
    time: object = NOW,
    x_death: object = MISSING,
    **properties: object,
) -> Delivery:
    """One that died on `queue` for `reason`; `x_death` is the header itself, None for without."""
    death = {
        "count": 1,
        "reason": reason,
        "queue": queue,
        "time": time,
        "exchange": "klantcontact.registratie",
        "routing-keys": ["callcenter"],
    }
    sent = delivery(content, **properties)
    headers: dict[str, Any] = dict(sent.headers)
    if x_death is MISSING:
        headers["x-death"] = [{name: each for name, each in death.items() if each is not None}]
    elif x_death is not None:
        headers["x-death"] = x_death
    given = {**properties, "message_id": sent.message_id, "headers": headers}
    return delivery(sent.body, **{**given, "queue": "klantcontact.dlq"})


def deaths(log: Log) -> Deaths:
    return Deaths(QUEUES, 1024 * 1024, log)


def dead(sent: Delivery, now: datetime = NOW) -> Dead:
    """What the sink makes of it."""
    return deaths(Lines().log).read(sent, now)
