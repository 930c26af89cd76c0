from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests import waiting
from tests.contacts import NOW
from tests.fake_post import FakeConversation, FakeJobs, FakeMail, FakeMails
from tests.fakes import Lines
from worker import spans
from worker.errors import Outage
from worker.mailer import Answer, Job, Mailer, Schedule, Sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from worker.mailer import Claim, Result

RETRIES = (timedelta(minutes=1), timedelta(minutes=5))
LEASE = timedelta(minutes=10)
DEADLINE = timedelta(seconds=45)
# Of the loop: enough for whatever would come to come.
_TURNS = 20
SCHEDULE = Schedule(LEASE, DEADLINE, RETRIES)


class Mailed:
    """A mailer over fakes, and one mail that was offered."""

    def __init__(self, *answers: Answer, schedule: Schedule = SCHEDULE) -> None:
        self.mail = uuid4()
        self.mails = FakeMails()
        self.offer(self.mail)
        self.conversation = FakeConversation(list(answers))
        self.schedule = schedule
        self.lines = Lines()

    def offer(self, mail: UUID) -> UUID:
        self.mails.mails[mail] = FakeMail(toestand="aangeboden")
        return mail

    def mailer(self, jobs: FakeJobs) -> Mailer:
        return Mailer(jobs, self.mails, lambda: NOW, self.schedule, 10, log=self.lines.log)

    async def send(self, *mails: UUID, left: int = 0) -> None:
        """Send all but those that are `left`."""
        source = FakeJobs(jobs(*(mails or [self.mail])))
        given = list(source.waiting)
        await self.run(source, [self.conversation], left)
        assert source.finished == given

    async def run(
        self, source: FakeJobs, conversations: Sequence[FakeConversation], left: int = 0
    ) -> None:
        """Until all are sent that are not `left`."""
        async with asyncio.timeout(waiting.DEADLINE), asyncio.TaskGroup() as group:
            group.create_task(self.mailer(source).run(conversations))
            while source.waiting or not source.finished or len(self.mails.in_hand) > left:  # noqa: ASYNC110 (a turn of the loop at a time)
                await asyncio.sleep(0)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            source.ended.set()

    @property
    def state(self) -> FakeMail:
        return self.mails.mails[self.mail]


def jobs(*mails: UUID) -> list[Job]:
    return [Job(mail, "noreply@example.nl", "burger@example.nl", b"x") for mail in mails]


async def test_a_mail_that_is_accepted_is_on_record_and_its_job_is_done() -> None:
    mailed = Mailed(Answer(Sent.ACCEPTED, "250 OK", 250))
    await mailed.send()
    assert (mailed.state.toestand, mailed.state.answer) == ("verzonden", "250 OK")
    assert mailed.state.opnieuw is None
    (line,) = mailed.lines.of("mail")
    assert (line["mail"], line["toestand"]) == (str(mailed.mail), "verzonden")


async def test_the_same_job_twice_is_one_mail() -> None:
    mailed = Mailed()
    await mailed.send(mailed.mail, mailed.mail)
    assert len(mailed.conversation.sent) == 1


async def test_a_mail_that_cannot_be_claimed_is_left_and_its_job_is_done() -> None:
    mailed = Mailed()
    mailed.state.toestand = "bezig"
    await mailed.send(mailed.mail, uuid4())
    assert mailed.conversation.sent == []
    assert mailed.state.toestand == "bezig"


@pytest.mark.parametrize("sent", [Sent.REFUSED, Sent.UNKNOWN])
async def test_what_is_refused_or_unknown_is_not_tried_again(sent: Sent) -> None:
    mailed = Mailed(Answer(sent, "words"))
    await mailed.send()
    assert (mailed.state.toestand, mailed.state.opnieuw) == (sent.value, None)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (Sent.ACCEPTED, None),
        (Sent.LATER, None),
        (Sent.REFUSED, "mislukt"),
        (Sent.UNKNOWN, "onzeker"),
    ],
)
async def test_only_a_mail_that_is_given_up_is_a_failed_span(
    listened: InMemorySpanExporter, sent: Sent, error: str | None
) -> None:
    mailed = Mailed(Answer(sent, "words"))
    (job,) = jobs(mailed.mail)
    traced = replace(job, span=spans.of_message("queue", str(mailed.mail), None))
    await mailed.run(FakeJobs([traced]), [mailed.conversation])
    (seen,) = listened.get_finished_spans()
    assert seen.attributes is not None
    assert (seen.attributes["klantcontact.toestand"], seen.attributes.get("error.type")) == (
        sent.value,
        error,
    )


async def test_what_is_unknown_is_tried_again_where_the_setting_has_it_so() -> None:
    answers = [Answer(Sent.UNKNOWN, "silence")] * 3
    mailed = Mailed(*answers, schedule=Schedule(LEASE, DEADLINE, RETRIES, unknown_retried=True))
    for _ in RETRIES:
        await mailed.send()
        assert mailed.state.toestand == "uitgesteld"
        mailed.state.toestand = "aangeboden"
    await mailed.send()
    assert (mailed.state.toestand, mailed.state.opnieuw) == ("onzeker", None)
    assert mailed.state.attempts == [("onzeker", None, "silence")] * 3


async def test_what_is_for_later_is_tried_by_the_schedule_until_it_ends() -> None:
    mailed = Mailed(*[Answer(Sent.LATER, "450 busy", 450)] * 3)
    for pause in RETRIES:
        await mailed.send()
        assert mailed.state.toestand == "uitgesteld"
        assert mailed.state.opnieuw is not None
        assert pause <= mailed.state.opnieuw - NOW <= pause * 1.1
        mailed.state.toestand = "aangeboden"
    await mailed.send()
    assert (mailed.state.toestand, mailed.state.opnieuw) == ("mislukt", None)
    assert mailed.state.answer == "450 busy"


async def test_the_words_of_a_server_are_not_logged_for_it_quotes_the_recipient() -> None:
    mailed = Mailed(Answer(Sent.REFUSED, "550 <burger@example.nl> unknown", 550))
    await mailed.send()
    assert "burger" not in str(mailed.lines.all)
    assert mailed.lines.of("mail")[0]["smtp_code"] == 550


async def test_what_is_claimed_and_not_sent_when_it_stops_is_given_back() -> None:
    mailed, source = Mailed(), FakeJobs([])
    waiting = [mailed.offer(uuid4()) for _ in range(3)]
    source.waiting = jobs(mailed.mail, *waiting)
    mailed.conversation.on = asyncio.Event()
    mailer = mailed.mailer(source)
    run = asyncio.create_task(mailer.run([mailed.conversation]))
    await _until_sending(mailed)
    source.ended.set()
    mailer.stop()
    mailed.conversation.on.set()
    await run
    assert mailed.state.toestand == "verzonden"
    assert [mailed.mails.mails[mail].toestand for mail in waiting] == ["aangeboden"] * 3
    assert [job.mail for job in source.finished] == [mailed.mail, *waiting]


async def test_a_broker_that_is_gone_lets_what_is_being_sent_come_on_record() -> None:
    mailed, source = Mailed(), FakeJobs([], gone=True)
    source.waiting = jobs(mailed.mail)
    mailed.conversation.on = asyncio.Event()
    run = asyncio.create_task(mailed.mailer(source).run([mailed.conversation]))
    await _until_sending(mailed)
    source.ended.set()
    mailed.conversation.on.set()
    with pytest.raises(Outage, match="closed"):
        await run
    assert mailed.state.toestand == "verzonden"


async def _until_sending(mailed: Mailed) -> None:
    async with asyncio.timeout(waiting.DEADLINE):
        while not mailed.conversation.sent:  # noqa: ASYNC110 (a turn of the loop at a time)
            await asyncio.sleep(0)


class Failing(FakeMails):
    """A store that is gone when it is to record."""

    async def record(self, results: Sequence[Result]) -> None:
        del results
        raise Outage("PostgreSQL does not answer")


async def test_what_cannot_be_recorded_ends_the_mailer() -> None:
    mailed, source = Mailed(), FakeJobs([])
    mailed.mails = Failing(mailed.mails.mails)
    source.waiting = jobs(mailed.mail)
    with pytest.raises(Outage, match="PostgreSQL"):
        await mailed.mailer(source).run([mailed.conversation])


class Lost(FakeMails):
    """A store that is gone when mails are to be claimed."""

    async def claim(
        self, mails: Sequence[UUID], until: datetime, enough: datetime
    ) -> dict[UUID, Claim]:
        del mails, until, enough
        raise Outage("PostgreSQL does not answer")


async def test_what_is_not_claimed_is_not_acknowledged() -> None:
    mailed, source = Mailed(), FakeJobs([])
    mailed.mails = Lost(mailed.mails.mails)
    source.waiting = jobs(mailed.mail)
    with pytest.raises(Outage, match="PostgreSQL"):
        await mailed.mailer(source).run([mailed.conversation])
    assert source.finished == []
    assert mailed.conversation.sent == []


class Slow(FakeMails):
    """A store that records when it is let on."""

    on: asyncio.Event

    async def record(self, results: Sequence[Result]) -> None:
        await self.on.wait()
        await super().record(results)


async def test_a_sender_sends_its_next_mail_when_its_last_one_is_on_record() -> None:
    mailed, source = Mailed(), FakeJobs([])
    mailed.mails = slow = Slow(mailed.mails.mails)
    slow.on = asyncio.Event()
    source.waiting = jobs(mailed.mail, mailed.offer(uuid4()))
    run = asyncio.create_task(mailed.mailer(source).run([mailed.conversation]))
    await _until_sending(mailed)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(mailed.conversation.sent) == 1
    slow.on.set()
    while mailed.mails.in_hand:  # noqa: ASYNC110 (a turn of the loop at a time)
        await asyncio.sleep(0)
    source.ended.set()
    await run
    assert len(mailed.conversation.sent) == 2


async def test_a_mailer_ends_when_its_last_mails_are_on_record() -> None:
    mailed, source = Mailed(), FakeJobs([])
    mailed.mails = slow = Slow(mailed.mails.mails)
    slow.on = asyncio.Event()
    source.waiting = jobs(mailed.mail)
    run = asyncio.create_task(mailed.mailer(source).run([mailed.conversation]))
    await _until_sending(mailed)
    source.ended.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not run.done()
    slow.on.set()
    await run
    assert (mailed.state.toestand, len(source.finished)) == ("verzonden", 1)


@pytest.mark.parametrize(("left", "sent"), [(46, 1), (45, 1), (44, 0)])
async def test_a_mail_is_left_whose_lease_could_end_during_its_conversation(
    left: int, sent: int
) -> None:
    mailed = Mailed(schedule=Schedule(timedelta(seconds=left), DEADLINE, RETRIES))
    await mailed.send(left=1 - sent)
    assert len(mailed.conversation.sent) == sent
    assert mailed.state.toestand == ("verzonden" if sent else "bezig")


async def test_each_connection_sends_and_results_are_recorded_together() -> None:
    mailed = Mailed()
    mails = [mailed.offer(uuid4()) for _ in range(30)]
    source = FakeJobs(jobs(*mails))
    conversations = [FakeConversation() for _ in range(3)]
    await mailed.run(source, conversations)
    assert sum(len(each.sent) for each in conversations) == 30
    assert all(each.sent for each in conversations)
    assert {mailed.mails.mails[mail].toestand for mail in mails} == {"verzonden"}
