"""Mail jobs over the broker: a finished mail each, from which any sender could work.

The body is the message as it goes to the mail server (message/rfc822), `message_id` is the
mail's id, and the headers `afzender` and `ontvanger` are the SMTP envelope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from worker.mailer import Job
from worker.rabbitmq.consuming import Consumer, Limits

if TYPE_CHECKING:
    from worker.envelope import Delivery

_ONE = Limits(deliveries=1, bytes=1)


class MailJobs:
    """The mailer's side; the relay's is in `offers`."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def next(self) -> Job | None:
        """Wait for a job; what is no job of ours is acknowledged and passed over."""
        while taken := await self._consumer.take(_ONE):
            ((tag, delivery),) = taken
            job = _job(tag, delivery)
            if job is not None:
                return job
            await self._consumer.acknowledge(tag)
        return None

    async def done(self, job: Job) -> None:
        """Acknowledge a job that is on record."""
        await self._consumer.acknowledge(job.tag)


def _job(tag: int, delivery: Delivery) -> Job | None:
    """Only the worker may write to this exchange; its mails are in Postgres, whatever comes."""
    try:
        mail = UUID(delivery.message_id or "")
        sender, recipient = delivery.headers["afzender"], delivery.headers["ontvanger"]
    except (ValueError, KeyError):
        return None
    return Job(tag, mail, str(sender), str(recipient), delivery.body)
