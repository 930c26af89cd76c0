"""Traces of the real program, as a collector of OpenTelemetry's gets them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.collector import SENDERS_SPAN, SENDERS_TRACE, TRACEPARENT, collecting
from tests.contacts import TOELICHTING, body, contact, opvoerder
from tests.facts import fill
from tests.waiting import until
from worker.formats import REGISTREREN
from worker.rabbitmq.topology import GEBEURTENIS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

    from tests.broker import Broker
    from tests.collector import Collector, Seen
    from tests.mails import Mails
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

pytestmark = pytest.mark.usefixtures("measured", "filled", "soon")

QUEUE = "process klantcontact.registratie.callcenter"
STATE = "kcc=GEHEIM"


@pytest.fixture
async def filled(pool: Pool) -> None:
    await fill(pool)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans leave at once, and not every five seconds."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as opened:
        yield opened


@pytest.fixture
async def events(broker: Broker) -> AbstractQueue:
    channel = await broker.channel("admin")
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind(GEBEURTENIS, "#")
    return queue


async def next_of(queue: AbstractQueue) -> AbstractIncomingMessage:
    async def come() -> AbstractIncomingMessage | None:
        return await queue.get(no_ack=True, fail=False)

    return await until(come, "an event")


def following(*spans: Seen) -> bool:
    """Whether each is the child of the one before."""
    pairs = pairwise(spans)
    return all((after.trace, after.parent) == (each.trace, each.id) for each, after in pairs)


async def test_a_contact_is_one_trace_from_its_sender_to_the_mail_with_nothing_of_what_was_said(
    broker: Broker,
    mails: Mails,
    collector: Collector,
    events: AbstractQueue,
    start: Start,
) -> None:
    program = await (await start(traces_url=collector.url)).ready()
    said = {"onderwerp": "ONDERWERP-GEHEIM", "opvoerder": opvoerder(naam="NAAM-GEHEIM")}
    trace = {"traceparent": TRACEPARENT, "tracestate": STATE}
    await broker.publish(body(**said), message_id="m-1", headers=trace)
    taken = await collector.received(QUEUE, outcome="geregistreerd")
    told = await collector.received("publish klantcontact.gebeurtenis")
    offered = await collector.received("publish klantcontact.notificatie")
    sent = await collector.received("process klantcontact.notificatie.email", toestand="verzonden")

    assert (taken.trace, taken.parent) == (SENDERS_TRACE, SENDERS_SPAN)
    assert following(taken, told)
    assert following(taken, offered, sent)
    assert [each.kind for each in (taken, told, offered, sent)] == [
        *("CONSUMER", "PRODUCER", "PRODUCER", "CONSUMER")
    ]
    assert not any(each.failed for each in collector.spans)
    event = await next_of(events)
    assert event.headers == {"traceparent": told.traceparent}

    of_intake = await collector.received("intake batch")
    of_relay = await collector.received("relay batch")
    assert of_intake.links == [(SENDERS_TRACE, SENDERS_SPAN)]
    assert taken.links == [(of_intake.trace, of_intake.id)]
    assert told.links == [(of_relay.trace, of_relay.id)]

    line = await program.logged("klantcontact")
    assert line["trace_id"] == SENDERS_TRACE
    assert taken.attributes == {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": "klantcontact.registratie.callcenter",
        "messaging.message.id": "m-1",
        "klantcontact.outcome": "geregistreerd",
        "klantcontact.kanaal": "callcenter",
        "klantcontact.id": line["klantcontact"],
        "klantcontact.zaaktype": line["zaaktype"],
    }
    assert (await program.logged("mail"))["trace_id"] == SENDERS_TRACE
    assert sent.attributes["klantcontact.smtp_code"] == 250
    assert collector.resource["service.name"] == "klantcontact"

    (mail,) = await mails.arrived()
    everything = b"".join(collector.bodies)
    for secret in ("GEHEIM", TOELICHTING, "ziekte", str(mail["To"]), "Burger", "Bearer"):
        assert secret.encode() not in everything


async def test_a_refusal_is_a_failed_span_in_its_senders_trace_and_so_is_its_retry(
    broker: Broker,
    collector: Collector,
    events: AbstractQueue,
    start: Start,
    command: Callable[..., Awaitable[Any]],
) -> None:
    program = await (await start(traces_url=collector.url)).ready()
    headers = {"traceparent": TRACEPARENT}
    await broker.publish(body(type="GEHEIM"), message_id="111222333", headers=headers)
    refused = await collector.received(QUEUE, outcome="afgewezen")
    assert (refused.trace, refused.parent, refused.failed) == (SENDERS_TRACE, SENDERS_SPAN, True)
    assert refused.attributes["error.type"] == refused.attributes["klantcontact.code"]
    assert refused.attributes["messaging.message.id"] == "(bsn)"
    told = await next_of(events)
    assert str(told.headers["traceparent"]).startswith(f"00-{SENDERS_TRACE}-")

    letter = (await program.logged("klantcontact"))["dead_letter"]
    assert (await command("dead-letters", "retry", letter)).code == 0
    again = await collector.received(QUEUE, 2, outcome="afgewezen")
    assert (again.trace, again.parent) == (SENDERS_TRACE, SENDERS_SPAN)


async def test_the_context_of_an_event_is_followed_and_a_mail_is_linked_to_all_that_it_tells(
    broker: Broker, collector: Collector, start: Start
) -> None:
    """CloudEvents' extension Distributed Tracing, in both of its modes."""
    event = {"specversion": "1.0", "type": REGISTREREN, "source": "urn:x", "id": "structured"}
    structured = orjson.dumps(event | {"traceparent": TRACEPARENT, "data": contact()})
    await broker.publish(structured, content_type="application/cloudevents+json")
    other = TRACEPARENT.replace("4bf9", "ffff")
    attributes = event | {"id": "binary", "traceparent": other}
    binary = {f"cloudEvents:{name}": each for name, each in attributes.items()}
    await broker.publish(body(), headers=binary)
    # Both are there when it starts: it registers them in one batch, and one mail tells of them.
    await start(traces_url=collector.url, mail_window="PT3S")
    first = await collector.received(QUEUE, outcome="geregistreerd")
    second = await collector.received(QUEUE, 2, outcome="geregistreerd")
    assert [each.parent for each in (first, second)] == [SENDERS_SPAN, SENDERS_SPAN]
    assert second.trace == SENDERS_TRACE.replace("4bf9", "ffff")

    offered = await collector.received("publish klantcontact.notificatie")
    assert following(first, offered)
    assert offered.links[0] == (second.trace, second.id)


async def test_a_trace_that_its_sender_does_not_sample_is_passed_on_and_not_sent(
    broker: Broker, collector: Collector, events: AbstractQueue, start: Start
) -> None:
    # OTLP's own path is added where there is none.
    at = collector.url.removesuffix("/v1/traces")
    program = await (await start("--role", "intake", "--role", "relay", traces_url=at)).ready(2)
    unsampled = f"{TRACEPARENT[:-2]}00"
    await broker.publish(body(), headers={"traceparent": unsampled})
    event = await next_of(events)
    trace = str(event.headers["traceparent"])
    assert trace.startswith(f"00-{SENDERS_TRACE}-")
    assert trace.endswith("-00")
    assert "trace_id" not in await program.logged("klantcontact")
    await collector.received("relay batch")
    assert not [each for each in collector.spans if each.trace == SENDERS_TRACE]


async def test_nothing_is_traced_unless_it_is_asked_for(
    pool: Pool, broker: Broker, events: AbstractQueue, start: Start
) -> None:
    program = await (await start()).ready()
    await broker.publish(body(), headers={"traceparent": TRACEPARENT})
    event = await next_of(events)
    assert event.headers == {}
    assert "trace_id" not in await program.logged("mail")
    assert await pool.fetchval("select count(*) from mail where trace is not null") == 0


async def test_a_collector_that_is_away_holds_up_nothing(
    broker: Broker, mails: Mails, start: Start
) -> None:
    program = await (await start(traces_url="http://127.0.0.1:1/v1/traces")).ready()
    await broker.publish(body())
    await mails.arrived()
    lost = await program.logged("traces_verloren")
    assert lost["spans"] > 0
    assert await program.stop() == 0
