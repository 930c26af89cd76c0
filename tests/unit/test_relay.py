from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.contacts import NOW
from tests.fake_post import FakeBroker, FakeOutbox, FakeWake
from tests.fakes import Lines
from worker.batches import Batches
from worker.errors import Outage
from worker.finishing import Finished
from worker.mime import HeaderError
from worker.relay import TRIES_GIVEN_BACK, Relay
from worker.rendering import TemplateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from worker.relay import Offer
    from worker.rendering import MailFacts

MINUTE = timedelta(minutes=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Stopping:
    """A broker that ends the relay's work as soon as it is offered something."""

    broker: FakeBroker
    wake: FakeWake

    async def offer(self, jobs: Sequence[Offer]) -> list[bool]:
        self.wake.rounds = 0
        return await self.broker.offer(jobs)


class Away(FakeBroker):
    """A broker that confirms nothing and goes away."""

    async def offer(self, jobs: Sequence[Offer]) -> list[bool]:
        await super().offer(jobs)
        raise Outage("RabbitMQ closed the connection")


class Relayed:
    """A relay over fakes."""

    def __init__(
        self, *, batch: int = 10, attempts: int = 3, broker: FakeBroker | None = None
    ) -> None:
        self.outbox, self.broker, self.lines, self.clock = (
            FakeOutbox(),
            FakeBroker(),
            Lines(),
            Clock(),
        )
        self.unmakeable: dict[UUID, Exception] = {}
        self.relay = Relay(
            self.outbox,
            self.broker if broker is None else broker,
            self.finish,
            self.clock,
            Batches("relay", self.lines.log),
            batch,
            MINUTE,
            10 * MINUTE,
            5 * MINUTE,
            attempts,
            timedelta(seconds=1),
        )

    def finish(self, facts: MailFacts, frozen: bytes | None) -> Finished:
        if frozen is None and facts.mail in self.unmakeable:
            raise self.unmakeable[facts.mail]
        return Finished(facts.mail, facts.adres, frozen or b"bytes", "sjabloon")

    def add(self, count: int = 1) -> list[UUID]:
        return [self.outbox.add(NOW) for _ in range(count)]

    @property
    def offered(self) -> list[UUID]:
        return [each.mail for each in self.broker.offered]


async def test_what_is_due_is_offered_once_and_gone() -> None:
    relayed = Relayed()
    mails = relayed.add(3)
    await relayed.relay.run(FakeWake(rounds=3))
    assert sorted(relayed.offered) == sorted(mails)
    assert relayed.outbox.outbox == {}
    assert {each.toestand for each in relayed.outbox.mails.values()} == {"aangeboden"}
    assert relayed.lines.of("outbox")[0]["published"] == 3


async def test_a_relay_goes_on_while_its_batches_are_full() -> None:
    relayed = Relayed(batch=2)
    relayed.add(5)
    await relayed.relay.run(FakeWake(rounds=1))
    assert len(relayed.offered) == 5


async def test_nothing_due_is_nothing_done() -> None:
    relayed = Relayed()
    assert await relayed.relay.round() == 0
    assert relayed.lines.all == []


async def test_what_is_not_confirmed_is_offered_again_when_its_lease_ends() -> None:
    relayed = Relayed()
    one, other = relayed.add(2)
    relayed.broker.refuses = {one}
    await relayed.relay.round()
    assert set(relayed.outbox.outbox) == {one}
    relayed.broker.refuses = set()
    assert await relayed.relay.round() == 0
    relayed.clock.moment += MINUTE
    assert await relayed.relay.round() == 1
    assert (relayed.offered.count(one), relayed.offered.count(other)) == (2, 1)


async def test_a_row_that_keeps_failing_is_parked_and_holds_up_nothing() -> None:
    relayed = Relayed(attempts=3)
    (bad,) = relayed.add()
    relayed.broker.refuses = {bad}
    for _ in range(5):
        (good,) = relayed.add()
        await relayed.relay.round()
        assert good not in relayed.outbox.outbox
        relayed.clock.moment += MINUTE
    assert relayed.outbox.outbox[bad].geparkeerd
    assert relayed.offered.count(bad) == 3
    assert [line["pogingen"] for line in relayed.lines.of("outbox_geparkeerd")] == [3]


@pytest.mark.parametrize(
    "error",
    [HeaderError("To", "domain is not valid"), TemplateError("x/bericht.txt: failed")],
    ids=["header", "template"],
)
async def test_a_mail_that_cannot_be_made_is_given_up_and_the_others_go_out(
    error: Exception,
) -> None:
    relayed = Relayed()
    bad, good = relayed.add(2)
    relayed.unmakeable[bad] = error
    await relayed.relay.round()
    assert relayed.offered == [good]
    assert relayed.outbox.mails[bad].toestand == "mislukt"
    assert relayed.outbox.mails[bad].answer == str(error)
    assert relayed.outbox.outbox == {}
    assert relayed.lines.of("mail_mislukt")[0]["mail"] == str(bad)


async def test_the_second_offering_is_of_the_bytes_of_the_first() -> None:
    relayed = Relayed()
    (mail,) = relayed.add()
    relayed.broker.refuses = {mail}
    await relayed.relay.round()
    relayed.clock.moment += MINUTE
    relayed.unmakeable[mail] = AssertionError("rendered twice")
    await relayed.relay.round()
    assert [each.content for each in relayed.broker.offered] == [b"bytes", b"bytes"]


@pytest.mark.parametrize("toestand", ["bezig", "verzonden", "mislukt", "onzeker"])
async def test_a_mail_that_is_in_hand_or_done_is_not_offered_and_its_row_goes(
    toestand: str,
) -> None:
    relayed = Relayed()
    (mail,) = relayed.add()
    relayed.outbox.mails[mail].toestand = toestand
    relayed.outbox.mails[mail].opnieuw = NOW + MINUTE
    await relayed.relay.round()
    assert relayed.offered == []
    assert relayed.outbox.outbox == {}


async def test_what_was_offered_and_not_taken_is_offered_again() -> None:
    relayed = Relayed()
    (mail,) = relayed.add()
    await relayed.relay.run(FakeWake())
    relayed.clock.moment += 10 * MINUTE
    await relayed.relay.run(FakeWake())
    assert relayed.offered == [mail, mail]


async def test_what_another_relay_offered_first_is_what_this_one_offers() -> None:
    relayed = Relayed()
    (mail,) = relayed.add()

    def overtaken(facts: MailFacts, frozen: bytes | None) -> Finished:
        relayed.outbox.mails[mail].content = b"eerst"
        return relayed.finish(facts, frozen)

    relayed.relay = replace(relayed.relay, finish=overtaken)
    await relayed.relay.round()
    assert [each.content for each in relayed.broker.offered] == [b"eerst"]


async def test_a_relay_with_much_to_do_stops_when_it_is_told_to() -> None:
    relayed, wake = Relayed(batch=1), FakeWake()
    relayed.add(50)
    relayed.relay = replace(relayed.relay, broker=Stopping(relayed.broker, wake))
    await relayed.relay.run(wake)
    assert len(relayed.offered) <= 2  # as many as it has in hand at once


async def test_what_a_broker_that_went_away_did_not_confirm_is_due_again_at_once() -> None:
    relayed = Relayed(broker=Away())
    mails = relayed.add(2)
    for _ in range(TRIES_GIVEN_BACK):
        with pytest.raises(Outage):
            await relayed.relay.round()
    rows = [relayed.outbox.outbox[mail] for mail in mails]
    assert [row.beschikbaar for row in rows] == [NOW] * 2
