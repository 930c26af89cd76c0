"""The senders and the subscriber of a run: what a ledger says must be so at the broker."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING

import aio_pika

from tests.faults.ledger import FIT, Ledger
from tests.faults.senders import Letter, sending
from tests.faults.subscriber import EVENTS, Subscriber, subscribed
from tests.faults.wires.wire import address, strung
from tests.waiting import until
from worker.rabbitmq.topology import GEBEURTENIS, REGISTRATIE

if TYPE_CHECKING:
    from tests.broker import Broker

KEY = ("balie", "bericht-1")
QUEUE = "klantcontact.registratie.balie"
EVENT = {"id": "e1", "type": "a.b.klantcontact-geregistreerd", "subject": "k1", "data": {}}


def letter(number: int = 1) -> Letter:
    return Letter(
        ("balie", f"bericht-{number}"),
        REGISTRATIE,
        "balie",
        lambda: aio_pika.Message(b"{}", message_id=f"bericht-{number}", user_id="balie"),
    )


async def depth(broker: Broker, queue: str) -> int:
    declared = await (await broker.channel("admin")).declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


async def test_a_message_is_sent_again_until_it_is_confirmed(broker: Broker) -> None:
    ledger = Ledger(io.StringIO())
    ledger.plan(KEY, FIT, "", b"", answered=False)
    async with strung(*address(broker.state.users["balie"])) as wire:
        urls = {"balie": wire.url(broker.state.users["balie"])}
        async with sending(ledger, urls) as senders:
            await wire.stall()
            sent = asyncio.create_task(senders.send("balie", letter()))
            await wire.cut()
            await wire.restore()
            await sent
    entry = ledger.entries[KEY]
    assert entry.confirmed == 1
    assert entry.published >= 1
    assert await depth(broker, QUEUE) == entry.published - ledger.unknown


async def test_what_the_broker_may_have_is_known_as_such(broker: Broker) -> None:
    ledger = Ledger(io.StringIO())
    ledger.plan(KEY, FIT, "", b"", answered=False)
    async with strung(*address(broker.state.users["balie"])) as wire:
        urls = {"balie": wire.url(broker.state.users["balie"])}
        async with sending(ledger, urls) as senders:
            await senders.send("balie", letter(0))
            await wire.stall()
            sent = asyncio.create_task(senders.send("balie", letter()))

            async def published() -> bool:
                return ledger.entries[KEY].published == 1

            await until(published, "it was sent into the stall")
            await wire.cut()
            await wire.restore()
            await sent
    assert (ledger.entries[KEY].published, ledger.entries[KEY].confirmed) == (2, 1)
    assert ledger.unknown == 1


async def test_an_event_that_is_published_again_is_counted(broker: Broker) -> None:
    async with subscribed(broker.state.amqp_admin) as subscriber:
        exchange = await (await broker.channel("admin")).get_exchange(GEBEURTENIS, ensure=False)
        for _ in range(2):
            await exchange.publish(aio_pika.Message(json.dumps(EVENT).encode()), "a.b")

        async def heard() -> bool:
            return (EVENTS, "e1") in subscriber.heard and subscriber.heard[EVENTS, "e1"].times == 2

        await until(heard, "it came twice")


def test_an_event_that_the_broker_brings_again_is_not() -> None:
    subscriber = Subscriber("")
    for again in (True, False, True):
        subscriber.hear(EVENTS, json.dumps(EVENT).encode(), again=again)
    assert subscriber.heard[EVENTS, "e1"].times == 2
