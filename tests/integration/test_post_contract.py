"""What relay and mailer expect of their stores, held against the fakes and PostgreSQL alike."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid4

import pytest

from tests.contacts import NOW
from tests.fake_post import FakeMails, FakeOutbox
from tests.posted import due_mails, post
from tests.registering import ANNOUNCER
from worker.finishing import Finished
from worker.mailer import Answer, Claim, Result, Sent
from worker.postgres.mails import PostgresMails
from worker.postgres.outbox import PostgresOutbox
from worker.relay import TRIES_GIVEN_BACK

if TYPE_CHECKING:
    from datetime import datetime

    from worker.mailer import Mails
    from worker.postgres.pool import Pool
    from worker.relay import Outbox

LEASE = NOW + timedelta(seconds=60)
AFTER = NOW + timedelta(seconds=61)
_ONCE = timedelta(minutes=10)


class Post(Protocol):
    """Both stores on the same mails."""

    @property
    def outbox(self) -> Outbox: ...

    @property
    def mails(self) -> Mails: ...

    async def add(self, count: int = 1) -> list[UUID]: ...

    async def state(self, mail: UUID) -> tuple[str, str | None]: ...

    async def attempts(self, mail: UUID) -> list[tuple[str, int | None, str]]: ...


class Fake:
    def __init__(self) -> None:
        self.outbox, self.mails = FakeOutbox(), FakeMails()
        self.mails.mails = self.outbox.mails

    async def add(self, count: int = 1) -> list[UUID]:
        return [self.outbox.add(NOW) for _ in range(count)]

    async def state(self, mail: UUID) -> tuple[str, str | None]:
        return self.outbox.mails[mail].toestand, self.outbox.mails[mail].answer

    async def attempts(self, mail: UUID) -> list[tuple[str, int | None, str]]:
        return self.outbox.mails[mail].attempts


class Real:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.outbox, self.mails = PostgresOutbox(pool, ANNOUNCER), PostgresMails(pool, ANNOUNCER)

    async def add(self, count: int = 1) -> list[UUID]:
        return await post(self._pool, count)

    async def state(self, mail: UUID) -> tuple[str, str | None]:
        row = await self._pool.fetchrow("select toestand, antwoord from mail where id = $1", mail)
        assert row is not None
        return row[0], row[1]

    async def attempts(self, mail: UUID) -> list[tuple[str, int | None, str]]:
        rows = await self._pool.fetch(
            "select toestand, code, antwoord from mail_poging where mail = $1 order by id", mail
        )
        return [(row[0], row[1], row[2]) for row in rows]


@pytest.fixture(params=["fake", "postgres"])
def both(request: pytest.FixtureRequest) -> Post:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("pool"))


def finished(mail: UUID, content: bytes = b"Subject: x\r\n\r\n") -> Finished:
    return Finished(mail, "burger@example.nl", content, "sjabloon")


async def test_a_claimed_row_is_left_to_its_claimer_until_the_lease_ends(both: Post) -> None:
    (mail,) = await both.add()
    (due,) = await due_mails(both.outbox, NOW, LEASE, 10)
    assert (due.facts.mail, due.attempts, due.frozen) == (mail, 1, None)
    assert await due_mails(both.outbox, NOW, LEASE, 10) == []
    (again,) = await due_mails(both.outbox, AFTER, AFTER, 10)
    assert (again.row, again.attempts) == (due.row, 2)


async def test_no_more_is_claimed_than_was_asked_for(both: Post) -> None:
    await both.add(3)
    assert [len(await due_mails(both.outbox, NOW, LEASE, 2)) for _ in range(3)] == [2, 1, 0]


async def test_what_is_given_back_is_due_at_once(both: Post) -> None:
    await both.add(3)
    one, other, third = await both.outbox.claim(NOW, LEASE, 10)
    await both.outbox.settle([], [third.row], NOW)
    await both.outbox.give_back([one.row, third.row], LEASE, NOW)
    await both.outbox.give_back([other.row], AFTER, NOW)
    (again,) = await both.outbox.claim(NOW, LEASE, 10)
    assert (again.row, again.attempts) == (one.row, 2)


async def test_what_was_given_back_several_times_lets_others_go_first(both: Post) -> None:
    await both.add()
    for _ in range(TRIES_GIVEN_BACK):
        (each,) = await both.outbox.claim(NOW, LEASE, 10)
        await both.outbox.give_back([each.row], LEASE, NOW)
    (last,) = await both.outbox.claim(NOW, LEASE, 10)
    await both.outbox.give_back([last.row], LEASE, NOW)
    assert await both.outbox.claim(NOW, LEASE, 10) == []


async def test_what_is_settled_is_gone_and_what_is_parked_stays_away(both: Post) -> None:
    await both.add(2)
    one, other = await due_mails(both.outbox, NOW, LEASE, 10)
    await both.outbox.settle([one.row], [other.row], NOW)
    assert await due_mails(both.outbox, AFTER, AFTER, 10) == []


async def test_the_bytes_of_the_first_offering_are_those_of_every_other(both: Post) -> None:
    (mail,) = await both.add()
    for content, stands in ((b"eerst", None), (b"daarna", b"eerst")):
        assert await both.outbox.freeze([finished(mail, content)], LEASE) == {mail: stands}
    (due,) = await due_mails(both.outbox, NOW, LEASE, 10)
    assert due.frozen == b"eerst"


async def claimed(both: Post, mail: UUID, until: datetime = LEASE) -> Claim | None:
    return (await both.mails.claim([mail], until, until)).get(mail)


async def test_a_mail_can_be_claimed_once_and_only_when_it_was_offered(both: Post) -> None:
    (mail,) = await both.add()
    assert await claimed(both, mail) is None
    await both.outbox.freeze([finished(mail)], LEASE)
    assert await claimed(both, mail) == Claim(0, LEASE)
    assert await claimed(both, mail) is None
    assert await claimed(both, uuid4()) is None


async def test_many_are_claimed_at_once_and_what_cannot_be_is_not_among_them(both: Post) -> None:
    mails = await both.add(3)
    await both.outbox.freeze([finished(mail) for mail in mails[:2]], LEASE)
    claims = await both.mails.claim([*mails, mails[0]], LEASE, LEASE)
    assert set(claims) == set(mails[:2])


async def test_a_claim_renews_a_lease_that_is_not_long_enough_and_no_other(both: Post) -> None:
    (mail,) = await both.add()
    await both.outbox.freeze([finished(mail)], LEASE)
    claims = await both.mails.claim([mail], AFTER, LEASE)
    assert claims[mail].until == LEASE
    (other,) = await both.add()
    await both.outbox.freeze([finished(other)], LEASE)
    claims = await both.mails.claim([other], AFTER, AFTER)
    assert claims[other].until == AFTER


async def test_what_is_given_back_is_offered_anew_at_once_and_can_be_claimed(both: Post) -> None:
    (mail,) = await both.add()
    await both.outbox.settle([mail], [], NOW)
    await both.outbox.freeze([finished(mail)], LEASE)
    await claimed(both, mail)
    await both.mails.give_back({mail: LEASE}, NOW)
    assert await both.outbox.sweep(NOW, LEASE) == 1
    await both.outbox.freeze([finished(mail)], LEASE)
    assert await claimed(both, mail) == Claim(0, LEASE)


async def test_what_somebody_else_claimed_meanwhile_is_not_given_back(both: Post) -> None:
    (mail,) = await both.add()
    await both.outbox.freeze([finished(mail)], LEASE)
    await claimed(both, mail)
    await both.mails.give_back({mail: LEASE - timedelta(seconds=1)}, NOW)
    assert await claimed(both, mail) is None


async def test_a_mail_in_hand_is_not_offered_until_its_lease_ends(both: Post) -> None:
    (mail,) = await both.add()
    await both.outbox.freeze([finished(mail)], LEASE)
    await claimed(both, mail)
    assert await both.outbox.freeze([finished(mail)], LEASE) == {}
    await both.outbox.sweep(AFTER, AFTER)
    assert await both.outbox.freeze([finished(mail)], LEASE + _ONCE) == {mail: None}


@pytest.mark.parametrize("sent", [Sent.ACCEPTED, Sent.REFUSED, Sent.UNKNOWN])
async def test_a_mail_that_came_to_its_end_is_not_offered_again(both: Post, sent: Sent) -> None:
    (mail,) = await both.add()
    await both.outbox.freeze([finished(mail)], LEASE)
    await claimed(both, mail)
    await both.mails.record([Result(mail, Answer(sent, "words"), NOW, None)])
    assert await both.state(mail) == (sent.value, "words")
    assert await both.outbox.sweep(AFTER, AFTER) == 0
    assert await both.outbox.freeze([finished(mail)], LEASE) == {}


async def test_a_mail_that_is_put_off_is_offered_again_when_it_is_due(both: Post) -> None:
    (mail,) = await both.add()
    (due,) = await due_mails(both.outbox, NOW, LEASE, 10)
    await both.outbox.freeze([finished(mail)], LEASE)
    await both.outbox.settle([due.row], [], NOW)
    await claimed(both, mail)
    later = NOW + _ONCE
    await both.mails.record([Result(mail, Answer(Sent.LATER, "450"), NOW, later)])
    assert await both.outbox.sweep(later - timedelta(seconds=1), later) == 0
    assert await both.outbox.sweep(later, later) == 1
    assert await both.outbox.sweep(later, later) == 0
    (again,) = await due_mails(both.outbox, later, later + _ONCE, 10)
    assert again.facts.mail == mail
    await both.outbox.freeze([finished(mail)], later + _ONCE)
    assert await claimed(both, mail, later + _ONCE) == Claim(1, later + _ONCE, ended=True)


async def test_every_attempt_is_on_record_in_the_servers_words(both: Post) -> None:
    (mail,) = await both.add()
    said = [
        Result(mail, Answer(Sent.LATER, "450 busy", 450), NOW, LEASE),
        Result(mail, Answer(Sent.UNKNOWN, "silence"), NOW, AFTER),
        Result(mail, Answer(Sent.ACCEPTED, "250 OK", 250), AFTER, None),
    ]
    for each in said:
        await both.mails.record([each])
    assert await both.attempts(mail) == [
        ("uitgesteld", 450, "450 busy"),
        ("onzeker", None, "silence"),
        ("verzonden", 250, "250 OK"),
    ]
    assert await both.state(mail) == ("verzonden", "250 OK")


async def test_what_was_sent_stays_sent_whatever_comes_after(both: Post) -> None:
    (mail,) = await both.add()
    await both.mails.record([Result(mail, Answer(Sent.ACCEPTED, "250 OK", 250), NOW, None)])
    await both.mails.record([Result(mail, Answer(Sent.LATER, "450 busy", 450), AFTER, AFTER)])
    assert await both.state(mail) == ("verzonden", "250 OK")
    assert len(await both.attempts(mail)) == 2


async def test_an_offer_that_nobody_took_is_made_again(both: Post) -> None:
    (mail,) = await both.add()
    (due,) = await due_mails(both.outbox, NOW, LEASE, 10)
    await both.outbox.freeze([finished(mail)], LEASE)
    await both.outbox.settle([due.row], [], NOW)
    assert await both.outbox.sweep(AFTER, AFTER) == 1


async def test_a_mail_that_was_given_up_says_why_and_is_not_offered(both: Post) -> None:
    (mail,) = await both.add()
    await both.outbox.give_up({mail: "To: domain is not valid"}, AFTER)
    assert await both.state(mail) == ("mislukt", "To: domain is not valid")
    assert await both.outbox.freeze([finished(mail)], LEASE) == {}
