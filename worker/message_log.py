"""The line that every message leaves in the log: ids and codes, never content."""

from __future__ import annotations

from traceback import extract_tb
from typing import TYPE_CHECKING

from worker.errors import BatchRejected
from worker.outcomes import may_be_answered

if TYPE_CHECKING:
    from worker.envelope import Delivery, Rejection
    from worker.logs import Log
    from worker.registration import Registration


def say(log: Log, asked: Registration, outcome: str, **more: object) -> None:
    """A message was registered, or had been before."""
    log.info(
        "klantcontact",
        outcome=outcome,
        bericht=asked.envelope.id,
        applicatie=asked.envelope.applicatie,
        kanaal=asked.kanaal,
        zaak=asked.klantcontact.zaak,
        **more,
        **_ignored(asked.delivery),
    )


def say_refused(log: Log, refused: Rejection, kanaal: str | None) -> None:
    """A message became a dead letter; a field that the sender made up is not named."""
    again = {"opnieuw": refused.again.isoformat()} if refused.again else {}
    log.info(
        "klantcontact",
        outcome="uitgesteld" if refused.again else "afgewezen",
        code=str(refused.code),
        codes=[str(each.code) for each in refused.violations],
        fields=[
            "(unknown)" if each.made_up else each.field for each in refused.violations if each.field
        ],
        bericht=refused.envelope.id if refused.envelope else refused.delivery.message_id,
        applicatie=refused.delivery.user_id,
        kanaal=kanaal,
        zaak=refused.zaak,
        dead_letter=str(refused.id),
        **again,
        **_ignored(refused.delivery),
    )


def _ignored(delivery: Delivery) -> dict[str, str]:
    """A `reply_to` that is not the sender's own gets no reply; what it says is not repeated."""
    if not delivery.reply_to or may_be_answered(delivery.reply_to, delivery.user_id):
        return {}
    return {"antwoord": "genegeerd"}


def say_unexpected(log: Log, message_id: str | None, error: Exception) -> None:
    """What is needed to find a defect, without the error's text: that may quote a value."""
    place = extract_tb(error.__traceback__)[-1]
    log.error(
        "onverwacht",
        bericht=message_id,
        error=type(error).__name__,
        # Ours holds the SQLSTATE and the constraint, and no data.
        reden=str(error) if isinstance(error, BatchRejected) else None,
        plaats=f"{place.name}, line {place.lineno}",
    )
