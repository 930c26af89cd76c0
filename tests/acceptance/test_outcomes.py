"""What a channel and a subscriber hear of a message, by the whole program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.contacts import TOELICHTING, ZAAK, body
from tests.facts import fill
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aio_pika.abc import AbstractQueue

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

GOOD, BAD = (f"nl.overheid.klantcontacten.klantcontact-{end}" for end in (
    "geregistreerd",
    "afgewezen",
))  # fmt: skip


@pytest.fixture
async def events(broker: Broker) -> AsyncIterator[AbstractQueue]:
    """A subscriber of all events."""
    admin = await broker.channel("admin")
    queue = await admin.declare_queue("test-gebeurtenissen", exclusive=True)
    await queue.bind("klantcontact.gebeurtenis", "#")
    yield queue
    await queue.delete(if_unused=False, if_empty=False)


@pytest.fixture
async def replies(broker: Broker) -> AsyncIterator[AbstractQueue]:
    """A queue of the call center's own."""
    channel = await broker.channel("callcenter")
    queue = await channel.declare_queue("antwoord.callcenter.test", exclusive=True)
    yield queue
    await queue.delete(if_unused=False, if_empty=False)


async def _taken(queue: AbstractQueue, count: int) -> list[tuple[dict[str, Any], str | None]]:
    """The CloudEvents on a queue with their correlation ids, when there are `count`."""
    found: list[tuple[dict[str, Any], str | None]] = []

    async def enough() -> bool:
        message = await queue.get(no_ack=True, fail=False)
        if message is not None:
            assert message.content_type == "application/cloudevents+json"
            assert TOELICHTING.encode() not in message.body
            found.append((orjson.loads(message.body), message.correlation_id))
        return len(found) >= count

    await until(enough, f"{count} messages on {queue.name}")
    return found


async def test_a_sender_and_a_subscriber_hear_what_became_of_each_message(
    pool: Pool, broker: Broker, start: Start, events: AbstractQueue, replies: AbstractQueue
) -> None:
    await fill(pool)
    await (await start("--role", "intake", "--role", "relay", deferrals="")).ready(2)
    asks = {"reply_to": replies.name}
    await broker.publish(body(), message_id="goed", correlation_id="c-goed", **asks)
    await broker.publish(body(zaak="Z-0"), message_id="fout", correlation_id="c-fout", **asks)
    await broker.publish(body(), message_id="stil")

    told = {each["type"]: each for each, _ in await _taken(events, 3)}
    heard = {correlation: each for each, correlation in await _taken(replies, 2)}
    assert set(told) == {GOOD, BAD}
    registered = await pool.fetchval("select klantcontact from bericht where bericht_id = 'goed'")
    refused = await pool.fetchval("select id from dead_letter")
    assert heard["c-goed"]["data"]["klantcontact"] == str(registered)
    assert heard["c-goed"]["data"]["zaak"] == ZAAK
    problem = heard["c-fout"]["data"]["probleem"]
    assert problem["type"] == "urn:klantcontact:probleem:zaak-onbekend"
    assert problem["instance"] == f"urn:uuid:{refused}"
    assert told[BAD] == heard["c-fout"]


async def test_a_message_that_comes_again_is_answered_again_in_the_same_batch_and_later(
    pool: Pool, broker: Broker, start: Start, events: AbstractQueue, replies: AbstractQueue
) -> None:
    await fill(pool)
    for _ in range(3):
        await broker.publish(body(), message_id="goed", reply_to=replies.name)
        await broker.publish(body(zaak="Z-0"), message_id="fout", reply_to=replies.name)
    program = await start("--role", "intake", "--role", "relay", intake_lanes=1, deferrals="")
    early = await _taken(replies, 6)
    await broker.publish(body(), message_id="goed", reply_to=replies.name)
    early += await _taken(replies, 1)
    ids = [each["id"] for each, _ in early if each["type"] == GOOD]
    assert len(ids) == 4
    assert len(set(ids)) == 1
    assert await pool.fetchval("select aantal from dead_letter") == 3
    types = [each["type"] for each, _ in await _taken(events, 4)]
    assert sorted(types) == [BAD, BAD, BAD, GOOD]
    await program.logged("klantcontact", outcome="herhaald", count=3)


async def test_a_reply_on_the_senders_own_connection_needs_no_queue(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    await start("--role", "intake", "--role", "relay", deferrals="")
    channel = await broker.channel("callcenter")
    direct = await channel.get_queue("amq.rabbitmq.reply-to", ensure=False)
    heard: list[dict[str, Any]] = []

    async def hear(message: Any) -> None:  # noqa: ANN401 (the library's own)
        heard.append(orjson.loads(message.body))

    await direct.consume(hear, no_ack=True)
    await broker.publish(body(), message_id="goed", reply_to="amq.rabbitmq.reply-to")

    async def answered() -> bool:
        return bool(heard)

    await until(answered, "the reply")
    assert heard[0]["type"] == GOOD


async def test_events_and_replies_wait_for_a_relay(
    pool: Pool, broker: Broker, start: Start, replies: AbstractQueue
) -> None:
    await fill(pool)
    intake = await (await start("--role", "intake")).ready(1)
    await broker.publish(body(), message_id="goed", reply_to=replies.name)
    await intake.logged("klantcontact", outcome="geregistreerd")
    assert await intake.stop() == 0
    assert await replies.get(no_ack=True, fail=False) is None
    await start("--role", "relay")
    ((heard, _),) = await _taken(replies, 1)
    assert heard["type"] == GOOD


async def test_an_address_for_replies_that_cannot_be_kept_stops_no_other_message(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    await (await start("--role", "intake")).ready(1)
    own = "antwoord.callcenter.test"
    await broker.publish(body(), message_id="vraag", reply_to=own, correlation_id="a\x00b")
    await broker.publish(body(), message_id="adres", reply_to=f"{own}\x00", correlation_id="a")
    await broker.publish(b"{", message_id="onleesbaar", reply_to=own, correlation_id="\x00")
    await broker.publish(body(), message_id="goed")

    async def on_record() -> bool:
        return bool(
            await pool.fetchval("select count(*) from bericht") == 3
            and await pool.fetchval("select count(*) from dead_letter") == 1
        )

    await until(on_record, "three are registered, and the one that cannot be read is kept")
