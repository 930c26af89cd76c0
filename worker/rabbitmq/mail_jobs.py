"""Mail jobs over the broker: a finished mail each, from which any sender could work.

The body is the message as it goes to the mail server (message/rfc822), `message_id` is the
mail's id, and the headers `afzender` and `ontvanger` are the SMTP envelope.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import UUID

from worker.errors import Outage
from worker.mailer import Job
from worker.rabbitmq.consuming import Consumer, Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.envelope import Delivery

# Mails are tens of KiB at most, and the number of jobs in hand is small.
_BYTES: Final = 4 * 1024 * 1024


class MailJobs:
    """The mailer's side; the relay's is in `offers`.

    Each acknowledgement of its own is an entry in the log of a quorum queue, and that log is
    what the disk is busy with: so they are written when more jobs are fetched, many at once, or
    at once while there are none.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._done: list[int] = []
        self._busy = False

    async def take(self, most: int) -> list[Job]:
        """Wait for jobs; what is no job of ours is acknowledged and passed over."""
        limits = Limits(most, _BYTES)
        self._busy = False
        await self._acknowledge()
        while taken := await self._consumer.take(limits):
            jobs = {tag: _job(tag, delivery) for tag, delivery in taken}
            self._done.extend(tag for tag, job in jobs.items() if job is None)
            if found := [job for job in jobs.values() if job is not None]:
                self._busy = True
                return found
            await self._acknowledge()
        return []

    async def done(self, jobs: Sequence[Job]) -> None:
        """Acknowledge jobs; one that the broker did not hear of comes again and is left then."""
        self._done.extend(job.tag for job in jobs)
        if not self._busy:
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        tags, self._done = self._done, []
        with suppress(Outage):
            await self._consumer.acknowledge(tags)


def _job(tag: int, delivery: Delivery) -> Job | None:
    """Only the worker may write to this exchange; its mails are in Postgres, whatever comes."""
    try:
        mail = UUID(delivery.message_id or "")
        sender, recipient = delivery.headers["afzender"], delivery.headers["ontvanger"]
    except (ValueError, KeyError):
        return None
    return Job(tag, mail, str(sender), str(recipient), delivery.body)
