"""Mailer: from a mail job to the mail server's answer, each mail claimed before it is sent.

Jobs are claimed ahead, many at once, their claims committed, and then they are acknowledged: what
is claimed is in Postgres, however long the mail server takes. A sender holds one connection
and takes one claimed mail at a time: conversation, and then its result on record (committed,
together with those of others that ended meanwhile) before the content of the next is handed
over. So no transaction is open during a conversation, and a crash repeats one mail per sender at
most, with the same Message-ID; what was claimed and not sent is offered again when its lease runs
out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from worker import metrics, spans
from worker.ahead import Ahead
from worker.concurrency import Tasks
from worker.errors import Outage
from worker.gathered import Gathered

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.logs import Log
    from worker.spans import Span


# A mail server in the same building answers within it, and nobody notices it of another.
_LINGER_SECONDS = 0.005


Turn = Callable[[], Awaitable[None]]
"""What a mail waits for when the server is ready for its content; may be asked more than once."""


@dataclass(frozen=True, slots=True)
class Job:
    """One finished mail."""

    mail: UUID
    sender: str
    recipient: str
    content: bytes
    span: Span | None = field(default=None, compare=False)


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
    `undeliverable` is the code (RFC 3463) by which the address does not exist, if the server
    said so: later mails to it stop.
    """

    sent: Sent
    words: str
    code: int | None = None
    undeliverable: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail in hand until its lease runs out.

    `attempts` is how often the schedule was used so far. `ended` tells that it came to its end
    before and somebody had it tried again: then a dead letter stands for it.
    """

    attempts: int
    until: datetime
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What is put on record of one attempt; `again` is when it is offered again, if it is.

    `ended` as in its claim.
    """

    mail: UUID
    answer: Answer
    moment: datetime
    again: datetime | None
    ended: bool = True

    @property
    def state(self) -> Sent:
        """What the mail is now: put off if it is tried again, whatever the answer was."""
        if self.again is not None:
            return Sent.LATER
        return Sent.REFUSED if self.answer.sent is Sent.LATER else self.answer.sent


@dataclass(frozen=True, slots=True)
class _Ended:
    """A job and what came of it, `attempt` counting from 1, in so many `seconds`."""

    job: Job
    result: Result
    attempt: int
    seconds: float


class Jobs(Protocol):
    """Where jobs come from."""

    async def take(self, most: int) -> Sequence[Job]:
        """Wait for jobs and take up to `most`; none when the mailer is to stop."""

    async def done(self) -> None:
        """Acknowledge what was taken last; if the broker is gone, `take` says so."""


class Mails(Protocol):
    """The mailer's store."""

    async def claim(
        self, mails: Sequence[UUID], until: datetime, enough: datetime
    ) -> Mapping[UUID, Claim]:
        """Lease mails that were offered; what is not among them is left.

        A lease that lasts to `enough` anyway stays as it is.
        """

    async def give_back(self, leases: Mapping[UUID, datetime], now: datetime) -> None:
        """What was claimed until then and not sent: its job is gone, so it is offered anew."""

    async def record(self, results: Sequence[Result]) -> None:
        """Commit what became of them."""


class Conversation(Protocol):
    """One connection to the mail server."""

    async def send(self, job: Job, turn: Turn) -> Answer:
        """Hand over one mail, its content once `turn` has come.

        Raises nothing for what the server or the network does.
        """


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long a mail is in hand and when it is tried again, in order.

    `lease` is longer than `deadline`, the longest that one conversation may take.
    """

    lease: timedelta
    deadline: timedelta
    retries: tuple[timedelta, ...]
    unknown_retried: bool = False
    """Whether a mail is tried again that may have been delivered."""

    def result(self, mail: UUID, claim: Claim, answer: Answer, now: datetime) -> Result:
        """A mail that the server cannot take yet is tried again, until the schedule ends."""
        later = answer.sent is Sent.LATER or (answer.sent is Sent.UNKNOWN and self.unknown_retried)
        if not later or claim.attempts >= len(self.retries):
            return Result(mail, answer, now, None, claim.ended)
        jitter = random.uniform(1, 1.1)  # noqa: S311 (spreads retries, protects nothing)
        again = now + self.retries[claim.attempts] * jitter
        return Result(mail, answer, now, again, claim.ended)


class Mailer:
    """The way of mail jobs, from delivery to record.

    At most `at_once` are claimed at once; as many again wait for the senders when it is time.
    """

    def __init__(  # noqa: PLR0913 (what it works with, given once)
        self,
        jobs: Jobs,
        mails: Mails,
        clock: Callable[[], datetime],
        schedule: Schedule,
        at_once: int,
        *,
        log: Log,
    ) -> None:
        self._jobs = jobs
        self._mails = mails
        self._clock = clock
        self._schedule = schedule
        self._at_once = at_once
        self._log = log
        self._claimed: Ahead[tuple[Job, Claim]] = Ahead(at_once)
        self._finished: Gathered[_Ended] = Gathered(_LINGER_SECONDS)

    async def run(self, conversations: Sequence[Conversation]) -> None:
        """Send over all of them until there is an end to the jobs; raises Outage.

        Where the broker is gone, what is being sent comes on record first.
        """
        async with Tasks() as tasks:
            tasks.accompany("recording", self._finished.run(self._finish))
            claiming = tasks.start("claiming", self._claim_all())
            for each in conversations:
                tasks.start("sending", self._send_all(each))
        outage = claiming.result()
        left = {job.mail: claim.until for job, claim in self._claimed.left()}
        if left:
            await self._mails.give_back(left, self._clock())
        if outage is not None:
            raise outage

    def stop(self) -> None:
        """Send nothing more than what is being sent."""
        self._claimed.stop()

    async def _claim_all(self) -> Outage | None:
        try:
            while await self._claimed.room():
                jobs = await self._jobs.take(self._at_once)
                if not jobs:
                    break
                await self._claim(jobs)
                await self._jobs.done()
        except Outage as outage:
            return outage
        finally:
            self._claimed.stop()
        return None

    async def claim(self, jobs: Sequence[Job]) -> bool:
        """Have these sent, which came another way than by `jobs`; False if nothing more is sent.

        When this returns, the lease sees to it that a mail is sent: the broker need not wait. A
        job whose mail is under a live lease, or came to its end, is left.
        """
        if not await self._claimed.room():
            return False
        await self._claim(jobs)
        return True

    async def _claim(self, jobs: Sequence[Job]) -> None:
        now, lease = self._clock(), self._schedule.lease
        claims = dict(
            await self._mails.claim([job.mail for job in jobs], now + lease, now + lease / 2)
        )
        # The same mail twice: its first job gets it.
        claimed = [(job, claim) for job in jobs if (claim := claims.pop(job.mail, None))]
        self._claimed.add(claimed)

    async def _send_all(self, conversation: Conversation) -> None:
        recorded: asyncio.Future[None] | None = None
        while claimed := await self._claimed.next():
            recorded = await self._send(*claimed, conversation, recorded) or recorded
        if recorded is not None:
            await recorded

    async def _send(
        self,
        job: Job,
        claim: Claim,
        conversation: Conversation,
        before: asyncio.Future[None] | None,
    ) -> asyncio.Future[None] | None:
        """Give what is done when the mail is on record; `before` is that of the one before."""
        if self._clock() + self._schedule.deadline > claim.until:
            # Its lease might end in the middle: somebody else could be sending it by then.
            return None
        begun: int | None = None

        async def turn() -> None:
            nonlocal begun
            if before is not None:
                await before
            begun = self._finished.begin() if begun is None else begun

        began = time.monotonic()
        answer = await conversation.send(job, turn)
        seconds = time.monotonic() - began
        result = self._schedule.result(job.mail, claim, answer, self._clock())
        return self._finished.submit(_Ended(job, result, claim.attempts + 1, seconds), begun)

    async def _finish(self, ended: Sequence[_Ended]) -> None:
        await self._mails.record([each.result for each in ended])
        for each in ended:
            self._say(each)

    def _say(self, ended: _Ended) -> None:
        state = ended.result.state
        metrics.MAILS.labels(state.value).inc()
        metrics.MAIL_SECONDS.observe(ended.seconds)
        smtp_code, ms = ended.result.answer.code, round(ended.seconds * 1000, 1)
        self._log.info(
            "mail",
            mail=str(ended.job.mail),
            toestand=state.value,
            smtp_code=smtp_code,
            onbestelbaar=ended.result.answer.undeliverable,
            poging=ended.attempt,
            ms=ms,
            **spans.ids(ended.job.span),
        )
        spans.end(
            ended.job.span,
            error=state.value if state in {Sent.REFUSED, Sent.UNKNOWN} else None,
            toestand=state.value,
            smtp_code=smtp_code,
            poging=ended.attempt,
            smtp_ms=ms,
        )
