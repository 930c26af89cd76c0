"""What the relay publishes: mail jobs, events, replies, and recalls of dead letters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from worker import batches, spans
from worker.finishing import Finished
from worker.outcomes import CONTENT_TYPE, Event, Reply
from worker.rabbitmq.publishing import Publication, Publisher
from worker.rabbitmq.topology import GEBEURTENIS, HERVAT, NOTIFICATIE
from worker.return_path import envelope_sender
from worker.stored import Recall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.outcomes import Announcement
    from worker.relay import Offer
    from worker.spans import Span

MAIL_VERZENDEN: Final = "nl.overheid.klantcontacten.mail-verzenden"
_DEFAULT_EXCHANGE: Final = ""


class Offers:
    """The relay's side of the broker; `sender` is what mails' envelope senders are made from."""

    def __init__(self, publisher: Publisher, sender: str) -> None:
        self._publisher = publisher
        self._sender = sender

    async def offer(self, jobs: Sequence[Offer]) -> list[bool]:
        """Publish all; whether each was confirmed, in order."""
        traced = [_traced(self._publication(job), job) for job in jobs]
        confirmed = await self._publisher.publish([publication for publication, _ in traced])
        for (_, span), well in zip(traced, confirmed, strict=True):
            spans.end(span, error=None if well else "unconfirmed")
        return confirmed

    def _publication(self, job: Offer) -> Publication:
        match job:
            case Finished():
                return self._mail(job)
            case Event():
                return _announced(job, GEBEURTENIS, job.type)
            case Reply():
                return _announced(job, _DEFAULT_EXCHANGE, job.queue, job.correlation_id)
            case Recall():
                return _recall(job)

    def _mail(self, job: Finished) -> Publication:
        return Publication(
            exchange=NOTIFICATIE,
            routing_key="email",
            message_id=str(job.mail),
            body=job.content,
            content_type="message/rfc822",
            type=MAIL_VERZENDEN,
            headers={
                "afzender": envelope_sender(self._sender, job.mail),
                "ontvanger": job.address,
            },
        )


def _traced(publication: Publication, job: Offer) -> tuple[Publication, Span | None]:
    """With the context of its span in the headers; a recall is known by its dead letter."""
    match job:
        case Recall():
            return publication, None
        case Finished():
            after = job.traces
        case Event() | Reply():
            after = (job.trace,) if job.trace else ()
    span = spans.of_publication(
        publication.exchange,
        publication.routing_key,
        publication.message_id,
        after,
        batches.current_span(),
    )
    context = spans.carried(span)
    if context is None:
        return publication, span
    return replace(publication, headers={**publication.headers, "traceparent": context}), span


def _recall(recall: Recall) -> Publication:
    """The id and nothing else: a forged one can only cause work that was due anyway."""
    return Publication(
        exchange=HERVAT,
        routing_key="hervat",
        message_id=str(recall.dead_letter),
        body=b"",
        content_type="text/plain",
    )


def _announced(
    told: Announcement, exchange: str, routing_key: str, correlation_id: str | None = None
) -> Publication:
    """Nobody has to listen: what no queue takes is gone, and that is no failure."""
    return Publication(
        exchange=exchange,
        routing_key=routing_key,
        message_id=str(told.id),
        body=told.content,
        content_type=CONTENT_TYPE,
        type=told.type,
        correlation_id=correlation_id,
        mandatory=False,
    )
