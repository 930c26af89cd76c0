from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.contacts import NOW
from tests.fake_post import FakeConversation, FakeJobs, FakeMail, FakeMails
from tests.fakes import Lines
from worker.mailer import Answer, Job, Mailer, Sent

RETRIES = (timedelta(minutes=1), timedelta(minutes=5))


class Mailed:
    """A mailer over fakes, and one mail that was offered."""

    def __init__(self, *answers: Answer) -> None:
        self.mail = uuid4()
        self.mails = FakeMails(mails={self.mail: FakeMail(toestand="aangeboden")})
        self.conversation = FakeConversation(list(answers))
        self.lines = Lines()

    async def send(self, *mails: UUID, now: datetime = NOW) -> FakeJobs:
        jobs = [
            Job(tag, mail, "noreply@example.nl", "burger@example.nl", b"x")
            for tag, mail in enumerate(mails or [self.mail], start=1)
        ]
        source = FakeJobs(list(jobs))
        mailer = Mailer(
            source, self.mails, lambda: now, timedelta(minutes=10), RETRIES, self.lines.log
        )
        await mailer.run(self.conversation)
        assert source.finished == jobs
        return source

    @property
    def state(self) -> FakeMail:
        return self.mails.mails[self.mail]


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
