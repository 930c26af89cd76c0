"""What is planned, as it goes to the broker."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import aio_pika

from tests.faults.senders import Letter
from tests.faults.subscriber import reply_queue
from tests.faults.zaken import Fact
from worker.rabbitmq.topology import REGISTRATIE, ZAKEN

if TYPE_CHECKING:
    from tests.faults.ledger import Ledger
    from tests.faults.plan import Planned

ZAAKSYSTEEM: Final = "zaaksysteem"
_FACT: Final = "nl.overheid.zaken.zaak-bijgewerkt"


def written(what: Planned | Fact, ledger: Ledger) -> tuple[str, Letter]:
    """Enter it in the ledger; who sends it, and the letter."""
    if isinstance(what, Fact):
        ledger.plan_fact(what.zaak, what.snapshot)
        return ZAAKSYSTEEM, Letter((ZAAKSYSTEEM, what.id), ZAKEN, "zaak", partial(_fact, what))
    kanaal = what.message.kanaal
    ledger.plan(what.key, what.fate, what.zaak, what.content, answered=what.answered)
    return kanaal, Letter(what.key, REGISTRATIE, kanaal, partial(_registration, what))


def _registration(planned: Planned) -> aio_pika.Message:
    message = planned.message
    return aio_pika.Message(
        message.body,
        content_type=message.content_type,
        message_id=message.id,
        correlation_id=message.id,
        user_id=message.kanaal,
        timestamp=datetime.now(UTC) + planned.ahead,
        headers={"authorization": f"Bearer {message.token}"},
        reply_to=reply_queue(message.kanaal) if planned.answered else None,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def _fact(fact: Fact) -> aio_pika.Message:
    return aio_pika.Message(
        fact.body,
        content_type="application/json",
        message_id=fact.id,
        type=_FACT,
        user_id=ZAAKSYSTEEM,
        timestamp=datetime.now(UTC),
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
