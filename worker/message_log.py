"""The line that every message leaves in the log: ids and codes, never content."""

from __future__ import annotations

import time
from traceback import walk_tb
from typing import TYPE_CHECKING

from worker import batches, metrics, spans
from worker.errors import BatchRejected
from worker.outcomes import may_be_answered

if TYPE_CHECKING:
    from worker.envelope import Delivery, Rejection
    from worker.logs import Log
    from worker.registration import Acceptance, Registration


def say(
    log: Log, asked: Registration, outcome: str, *, forced: bool = False, **made: str | None
) -> None:
    """A message was registered, or had been `herhaald`.

    `made` is of what it became: `klantcontact`, its id, and `zaaktype`.
    """
    metrics.MESSAGES.labels(asked.kanaal, outcome).inc()
    log.info(
        "klantcontact",
        outcome=outcome,
        bericht=asked.envelope.id,
        source=asked.envelope.source,
        applicatie=asked.envelope.applicatie,
        kanaal=asked.kanaal,
        zaak=asked.klantcontact.zaak,
        **made,
        **({"geforceerd": True} if forced else {}),
        **_batch(),
        **_ignored(asked.delivery),
        **spans.ids(asked.span),
    )
    spans.end(
        asked.span,
        outcome=outcome,
        kanaal=asked.kanaal,
        id=made.get("klantcontact"),
        zaaktype=made.get("zaaktype"),
    )


def say_registered(log: Log, accepted: Acceptance) -> None:
    """A message became a klantcontact."""
    asked, zaak = accepted.registration, accepted.decision.zaak
    metrics.REGISTRATION_SECONDS.observe(max(0, time.time() - asked.envelope.time.timestamp()))
    say(
        log,
        asked,
        "geregistreerd",
        forced=accepted.decision.forced,
        klantcontact=str(asked.id),
        zaaktype=zaak.zaaktype if zaak else None,
    )


def say_refused(log: Log, refused: Rejection, kanaal: str | None) -> None:
    """A message became a dead letter; a field that the sender made up is not named."""
    again = {"opnieuw": refused.again.isoformat()} if refused.again else {}
    outcome = "uitgesteld" if refused.again else "afgewezen"
    metrics.MESSAGES.labels(kanaal or "onbekend", outcome).inc()
    metrics.REFUSALS.labels(str(refused.code)).inc()
    log.info(
        "klantcontact",
        outcome=outcome,
        code=str(refused.code),
        codes=[str(each.code) for each in refused.violations],
        fields=[
            "(unknown)" if each.made_up else each.field for each in refused.violations if each.field
        ],
        bericht=refused.message_id,
        source=refused.source,
        applicatie=refused.delivery.user_id,
        kanaal=kanaal,
        zaak=refused.zaak,
        dead_letter=str(refused.id),
        **again,
        **_batch(),
        **_ignored(refused.delivery),
        **spans.ids(refused.span),
    )
    spans.end(
        refused.span,
        error=None if refused.again else str(refused.code),
        outcome=outcome,
        kanaal=kanaal,
        code=str(refused.code),
        dead_letter=str(refused.id),
    )


def _batch() -> dict[str, float]:
    """Which batch it came with, and how long that had been in hand, in milliseconds."""
    found = batches.current()
    return {} if found is None else {"batch": found.number, "ms": found.ms}


def _ignored(delivery: Delivery) -> dict[str, object]:
    """A `reply_to` that is not the sender's own gets no reply; what it says is not repeated.

    Nor is what could not be decoded: the properties' names alone.
    """
    reply_to, unreadable = delivery.reply_to, delivery.unreadable
    foreign = reply_to and not may_be_answered(reply_to, delivery.user_id)
    return {
        **({"antwoord": "genegeerd"} if foreign else {}),
        **({"onleesbaar": list(unreadable)} if unreadable else {}),
    }


def say_unexpected(log: Log, message_id: str | None, error: Exception) -> None:
    """What is needed to find a defect, without the error's text: that may quote a value."""
    log.error(
        "onverwacht",
        bericht=message_id,
        error=type(error).__name__,
        # Ours holds the SQLSTATE and the constraint, and no data.
        reden=str(error) if isinstance(error, BatchRejected) else None,
        plaats=place(error),
    )


def place(error: BaseException) -> str:
    """Where an error was raised: module, function and line."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{frame.f_globals['__name__']}, {frame.f_code.co_name}, line {line}"
