"""Events and replies through the outbox: written with the outcome, published by the relay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import orjson

from tests.contacts import NOW, ZAAK
from tests.facts import fill
from tests.registering import ANNOUNCER, registrations, store
from tests.registrations import refused, registration
from worker.outcomes import AFGEWEZEN, GEREGISTREERD, Event, Reply
from worker.postgres.outbox import PostgresOutbox
from worker.rabbitmq.connection import connected
from worker.rabbitmq.offers import Offers
from worker.rabbitmq.publishing import publishing
from worker.registration import Repetition
from worker.relay import DueAnnouncement

if TYPE_CHECKING:
    from tests.broker import Broker
    from worker.outcomes import Announcement
    from worker.postgres.pool import Pool
    from worker.registration import Registration

LEASE = NOW + timedelta(minutes=1)
OWN = "antwoord.callcenter.test"


def asking(message_id: str) -> Registration:
    asked = registration(message_id)
    return replace(asked, delivery=replace(asked.delivery, reply_to=OWN, correlation_id="c-1"))


async def _told(pool: Pool) -> list[Announcement]:
    due = await PostgresOutbox(pool, ANNOUNCER).claim(NOW, LEASE, 100)
    return [each.told for each in due if isinstance(each, DueAnnouncement)]


async def test_what_is_registered_is_told_with_the_transaction_that_registers_it(
    pool: Pool,
) -> None:
    await fill(pool)
    asked = asking("een")
    await store(pool, asked, registration("twee"))
    told = await _told(pool)
    assert sorted(type(each).__name__ for each in told) == ["Event", "Event", "Reply"]
    (reply,) = [each for each in told if isinstance(each, Reply)]
    assert (reply.id, reply.queue, reply.correlation_id) == (asked.id, OWN, "c-1")
    assert {each.type for each in told} == {GEREGISTREERD}


async def test_what_is_refused_is_told_with_the_dead_letter_that_it_is_kept_as(
    pool: Pool,
) -> None:
    async with registrations(pool).transaction() as transaction:
        await transaction.write([refused(asking("een")), refused(asking("een"))], NOW)
    told = await _told(pool)
    kept = await pool.fetchval("select id from dead_letter")
    assert {each.type for each in told} == {AFGEWEZEN}
    assert len(told) == 4
    for each in told:
        problem = orjson.loads(each.content)["data"]["probleem"]
        assert problem["instance"] == f"urn:uuid:{kept}"


async def test_a_repetition_is_answered_with_what_it_became_at_first(pool: Pool) -> None:
    made = uuid4()
    async with registrations(pool).transaction() as transaction:
        silent = Repetition(registration("twee"), made, ZAAK)
        await transaction.write([Repetition(asking("een"), made, ZAAK), silent], NOW)
    (reply,) = await _told(pool)
    assert isinstance(reply, Reply)
    assert orjson.loads(reply.content)["data"]["klantcontact"] == str(made)


async def test_an_event_reaches_who_subscribed_and_a_reply_who_asked(broker: Broker) -> None:
    admin, channel = await broker.channel("admin"), await broker.channel("callcenter")
    subscribed = await admin.declare_queue("test-gebeurtenissen", exclusive=True)
    await subscribed.bind("klantcontact.gebeurtenis", "nl.overheid.klantcontacten.#")
    own = await channel.declare_queue(OWN, exclusive=True)
    told: list[Announcement] = [
        Event(UUID(int=1), GEREGISTREERD, b"{}"),
        Reply(UUID(int=2), AFGEWEZEN, b"{}", OWN, "c-1"),
    ]
    async with (
        connected(broker.url("worker"), "test") as connection,
        publishing(connection) as publisher,
    ):
        assert await Offers(publisher, "x@example.nl").offer(told) == [True, True]
    event, reply = await subscribed.get(), await own.get()
    assert (event.routing_key, event.content_type) == (
        GEREGISTREERD,
        "application/cloudevents+json",
    )
    assert (reply.correlation_id, reply.type, reply.message_id) == (
        "c-1",
        AFGEWEZEN,
        str(UUID(int=2)),
    )


async def test_an_event_or_a_reply_that_nobody_takes_is_no_failure(broker: Broker) -> None:
    told: list[Announcement] = [
        Event(UUID(int=1), GEREGISTREERD, b"{}"),
        Reply(UUID(int=2), AFGEWEZEN, b"{}", "antwoord.callcenter.gone", None),
        Reply(UUID(int=3), AFGEWEZEN, b"{}", "amq.rabbitmq.reply-to.gone", None),
    ]
    async with (
        connected(broker.url("worker"), "test") as connection,
        publishing(connection) as publisher,
    ):
        assert await Offers(publisher, "x@example.nl").offer(told) == [True] * 3
