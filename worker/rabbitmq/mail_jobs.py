"""Mail jobs over the broker: a finished mail each, from which any sender could work.

The body is the message as it goes to the mail server (message/rfc822), `message_id` is the
mail's id, and the headers `afzender` and `ontvanger` are the SMTP envelope.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import UUID

from worker import spans
from worker.errors import Outage
from worker.mailer import Job
from worker.rabbitmq.consuming import Consumer, Limits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.envelope import Delivery

# Mails are tens of KiB at most, and the number of jobs in hand is small.
_BYTES: Final = 4 * 1024 * 1024


class MailJobs:
    """The mailer's side; the relay's is in `offers`."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def take(self, most: int) -> list[Job]:
        """Wait for jobs; what is no job of ours is acknowledged and passed over."""
        while taken := await self._consumer.take(Limits(most, _BYTES)):
            if found := jobs(taken):
                return found
            await self._consumer.settle()
        return []

    async def done(self) -> None:
        """Acknowledge what was taken last; `take` says so if the broker is gone.

        What it did not hear of comes again, and is left then.
        """
        with suppress(Outage):
            await self._consumer.settle()


def jobs(deliveries: Iterable[Delivery]) -> list[Job]:
    """Those of them that are jobs of ours."""
    return [job for delivery in deliveries if (job := _job(delivery))]


def _job(delivery: Delivery) -> Job | None:
    """Only the worker may write to this exchange; its mails are in Postgres, whatever comes."""
    try:
        mail = UUID(delivery.message_id or "")
        sender, recipient = delivery.headers["afzender"], delivery.headers["ontvanger"]
    except (ValueError, KeyError):
        return None
    span = spans.of_message(delivery.queue, str(mail), spans.context(delivery.headers))
    return Job(mail, str(sender), str(recipient), delivery.body, span)
