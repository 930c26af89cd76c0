"""Mailer: from a mail job to the mail server's answer, each mail claimed before it is sent.

A sender holds one connection and takes one job at a time: claim (committed), conversation,
result (committed), acknowledgement. No transaction is open during the conversation, and a
crash repeats one mail per sender at most, with the same Message-ID.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.logs import Log


@dataclass(frozen=True, slots=True)
class Job:
    """One finished mail. `tag` is what the broker's delivery is acknowledged by."""

    tag: int
    mail: UUID
    sender: str
    recipient: str
    content: bytes


class Sent(StrEnum):
    """How a conversation ended."""

    ACCEPTED = "verzonden"
    LATER = "uitgesteld"
    REFUSED = "mislukt"
    UNKNOWN = "onzeker"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the mail server said: its code, if it said anything, and its words.

    The words go on the mail's record and nowhere else: servers quote the recipient in them.
    """

    sent: Sent
    words: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What is put on record of one attempt; `again` is when it is offered again, if it is."""

    mail: UUID
    answer: Answer
    moment: datetime
    again: datetime | None


class Jobs(Protocol):
    """Where jobs come from."""

    async def next(self) -> Job | None:
        """Wait for a job; None when the mailer is to stop."""

    async def done(self, job: Job) -> None:
        """Acknowledge a job that is on record."""


class Mails(Protocol):
    """The mailer's store."""

    async def claim(self, mail: UUID, until: datetime) -> int | None:
        """Lease a mail that was offered; how often it was tried before, or None: leave it."""

    async def record(self, result: Result) -> None:
        """Commit what became of it."""


class Conversation(Protocol):
    """One connection to the mail server."""

    async def send(self, job: Job) -> Answer:
        """Hand over one mail; never raises for what the server or the network does."""


@dataclass(frozen=True, slots=True)
class Mailer:
    """The way of a mail job, from delivery to record."""

    jobs: Jobs
    mails: Mails
    clock: Callable[[], datetime]
    lease: timedelta
    retries: tuple[timedelta, ...]
    log: Log

    async def run(self, conversation: Conversation) -> None:
        """Send until there is an end to the jobs; raises Outage."""
        while job := await self.jobs.next():
            await self._send(job, conversation)
            await self.jobs.done(job)

    async def _send(self, job: Job, conversation: Conversation) -> None:
        before = await self.mails.claim(job.mail, self.clock() + self.lease)
        if before is None:
            return
        answer = await conversation.send(job)
        result = self._result(job.mail, answer, before)
        await self.mails.record(result)
        self.log.info(
            "mail",
            mail=str(job.mail),
            toestand=result.answer.sent.value,
            smtp_code=answer.code,
            poging=before + 1,
        )

    def _result(self, mail: UUID, answer: Answer, before: int) -> Result:
        """A mail that the server cannot take yet is tried again, until the schedule ends."""
        now = self.clock()
        if answer.sent is not Sent.LATER:
            return Result(mail, answer, now, None)
        if before >= len(self.retries):
            return Result(mail, Answer(Sent.REFUSED, answer.words, answer.code), now, None)
        jitter = random.uniform(1, 1.1)  # noqa: S311 (spreads retries, protects nothing)
        return Result(mail, answer, now, now + self.retries[before] * jitter)
