"""What the broker dead-letters of its own accord, and where it is found afterwards."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.contacts import ZAAK, body, contact
from tests.facts import fill
from tests.proxy import passing
from tests.waiting import until
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import asyncpg
    from aio_pika.abc import AbstractQueue

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

QUEUE = "klantcontact.registratie.callcenter"
DLQ = "klantcontact.dlq"

pytestmark = pytest.mark.usefixtures("measured")


async def letters(pool: Pool, count: int = 1) -> list[asyncpg.Record]:
    """All there are, once there are `count`."""

    async def kept() -> bool:
        return bool(await pool.fetchval("select count(*) >= $1 from dead_letter", count))

    await until(kept, f"{count} dead letters")
    found = list(await pool.fetch("select * from dead_letter order by bericht_id"))
    assert len(found) == count
    return found


def headers(row: asyncpg.Record) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(row["headers"])["headers"]
    return found


async def refused_by_a_consumer(broker: Broker, queue: str = QUEUE, count: int = 1) -> None:
    """A consumer of somebody else's rejects what is there."""
    channel = await broker.channel("admin")
    taken = await channel.get_queue(queue, ensure=False)

    async def one() -> bool:
        message = await taken.get(fail=False)
        if message is not None:
            await message.reject(requeue=False)
        return message is not None

    for _ in range(count):
        await until(one, f"a message on {queue}")


@asynccontextmanager
async def limited(broker: Broker, limit: int) -> AsyncIterator[AbstractQueue]:
    """The queue of callcenter with a delivery limit of its own, until the end."""
    admin = await broker.channel("admin")
    plain = {"x-queue-type": "quorum"}

    async def make(given: dict[str, Any]) -> AbstractQueue:
        await admin.queue_delete(QUEUE)
        queue = await admin.declare_queue(QUEUE, durable=True, arguments=plain | given)
        await queue.bind(topology.REGISTRATIE, "callcenter")
        return queue

    try:
        yield await make({"x-delivery-limit": limit})
    finally:
        await make({})


async def test_what_a_consumer_rejects_is_kept_as_it_came(
    pool: Pool, broker: Broker, start: Start
) -> None:
    program = await (await start("--role", "sink")).ready(1)
    content = b'  {"zaak": "' + ZAAK.encode() + b'",' + body()[1:] + b"\n"
    sent = orjson.dumps(contact(onderwerp="\u00e9\u2713"))
    given: dict[str, Any] = {"eigen": "waarde", "getal": 7, "lijst": ["a", {"b": True}]}
    await broker.publish(sent, message_id="een", headers=given)
    await broker.publish(content, message_id="twee")
    await broker.publish(b"\x00\xff geen tekst", message_id="drie")
    await refused_by_a_consumer(broker, count=3)
    rows = {row["bericht_id"]: row for row in await letters(pool, 3)}
    assert {row["code"] for row in rows.values()} == {"broker-rejected"}
    assert {row["queue"] for row in rows.values()} == {QUEUE}
    assert {row["applicatie"] for row in rows.values()} == {"callcenter"}
    assert [rows[name]["body"] for name in ("een", "twee", "drie")] == [
        sent,
        content,
        b"\x00\xff geen tekst",
    ]
    assert (rows["een"]["zaak"], rows["drie"]["zaak"]) == (ZAAK, None)
    kept = headers(rows["een"])
    assert {name: kept[name] for name in given} == given
    assert kept["authorization"].startswith("Bearer ey")
    (death,) = kept["x-death"]
    assert (death["queue"], death["reason"], death["count"]) == (QUEUE, "rejected", 1)
    assert death["routing-keys"] == ["callcenter"]
    line = await program.logged("dead_letter", bericht="een", code="broker-rejected", queue=QUEUE)
    assert line["dead_letter"] == str(rows["een"]["id"])
    assert line["applicatie"] == "callcenter"


async def test_what_expired_on_its_queue_is_kept(pool: Pool, broker: Broker, start: Start) -> None:
    await (await start("--role", "sink")).ready(1)
    await broker.publish(body(), message_id="een", expiration=0.05)
    (row,) = await letters(pool)
    assert (row["code"], row["queue"], row["body"]) == ("broker-expired", QUEUE, body())
    assert headers(row)["x-death"][0]["reason"] == "expired"


async def test_what_came_back_too_often_is_kept(pool: Pool, broker: Broker, start: Start) -> None:
    await (await start("--role", "sink")).ready(1)
    async with limited(broker, 1) as queue:
        await broker.publish(body(), message_id="een")

        async def died() -> bool:
            message = await queue.get(fail=False)
            if message is not None:
                await message.reject(requeue=True)
            return bool(await pool.fetchval("select count(*) from dead_letter"))

        await until(died, "the limit is reached")
        (row,) = await letters(pool)
    assert (row["code"], row["queue"], row["body"]) == ("broker-delivery_limit", QUEUE, body())
    assert headers(row)["x-death"][0]["reason"] == "delivery_limit"


async def test_what_a_full_queue_dropped_is_kept_though_the_queue_is_none_of_ours(
    pool: Pool, broker: Broker, start: Start
) -> None:
    """By our policies no queue of ours drops anything: a full one refuses its publishers."""
    await (await start("--role", "sink")).ready(1)
    admin = await broker.channel("admin")
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-max-length": 1,
        "x-overflow": "drop-head",
        "x-dead-letter-exchange": topology.DLX,
    }
    queue = await admin.declare_queue("ander", durable=True, arguments=arguments)
    try:
        await queue.bind(topology.REGISTRATIE, "balie")
        for name in ("een", "twee"):
            await broker.publish(body(), user="balie", message_id=name)
        (row,) = await letters(pool)
    finally:
        await admin.queue_delete("ander")
    assert (row["code"], row["queue"], row["bericht_id"]) == ("broker-maxlen", DLQ, "een")
    assert (row["body"], row["applicatie"]) == (body(), "balie")
    (death,) = headers(row)["x-death"]
    assert (death["reason"], death["queue"]) == ("maxlen", "ander")


@pytest.mark.parametrize(
    "forged",
    [
        [{"reason": "expired", "queue": "klantcontact.hervat", "count": 3, "time": 1}],
        [{"reason": "expired", "queue": "klantcontact.zaken", "exchange": "", "count": 3}],
        "klantcontact.hervat",
        {"reason": "expired"},
        [],
    ],
    ids=["another queue", "no time", "a text", "a table", "nothing"],
)
async def test_a_death_that_a_publisher_forges_is_not_believed(
    pool: Pool, broker: Broker, start: Start, forged: object
) -> None:
    program = await (await start("--role", "sink")).ready(1)
    first = {"x-first-death-queue": "klantcontact.hervat", "x-first-death-reason": "maxlen"}
    given = {"x-death": forged, **first}
    await broker.publish(body(), message_id="een", headers=given)
    await broker.publish(body(), message_id="twee")
    await refused_by_a_consumer(broker, count=2)
    rows = await letters(pool, 2)
    assert [(row["bericht_id"], row["code"], row["queue"]) for row in rows] == [
        ("een", "broker-rejected", QUEUE),
        ("twee", "broker-rejected", QUEUE),
    ]
    assert program.err == ""


async def test_facts_that_died_before_the_sink_was_there_are_kept_too(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await broker.fact(b"{}", message_id="feit")
    await refused_by_a_consumer(broker, topology.ZAKEN)
    await (await start("--role", "sink")).ready(1)
    (row,) = await letters(pool)
    assert (row["queue"], row["applicatie"], row["body"]) == (topology.ZAKEN, "zaaksysteem", b"{}")


async def test_what_is_registered_already_is_no_dead_letter(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    intake = await (await start("--role", "intake")).ready(1)
    await broker.publish(body(), message_id="een")
    await intake.logged("klantcontact", bericht="een", outcome="geregistreerd")
    assert await intake.stop() == 0
    await broker.publish(body(), message_id="een")
    await refused_by_a_consumer(broker)
    sink = await (await start("--role", "sink")).ready(1)
    await sink.logged("dead_letter", bericht="een", outcome="geregistreerd")
    assert await pool.fetchval("select count(*) from dead_letter") == 0
    assert await pool.fetchval("select count(*) from bericht") == 1


async def test_a_dead_letter_of_the_broker_can_be_retried_when_its_cause_is_gone(
    pool: Pool, broker: Broker, start: Start, command: Callable[..., Awaitable[Any]]
) -> None:
    await fill(pool)
    await broker.publish(body(), message_id="een", timestamp=datetime.now(UTC))
    await refused_by_a_consumer(broker)
    program = await (await start()).ready()
    (row,) = await letters(pool)
    ended = await command("dead-letters", "retry", str(row["id"]), "--as", "beheerder")
    assert ended.code == 0, ended
    await program.logged("klantcontact", bericht="een", outcome="geregistreerd")

    async def resolved() -> bool:
        return bool(await pool.fetchval("select toestand = 'opgelost' from dead_letter"))

    await until(resolved, "the dead letter is resolved")


async def test_while_the_database_is_away_the_queue_keeps_all_and_afterwards_all_are_kept_once(
    pool: Pool, broker: Broker, environment: dict[str, str], start: Start
) -> None:
    async with passing(environment["KLANTCONTACT_POSTGRES_URL"]) as proxy:
        program = await (await start("--role", "sink", postgres_url=proxy.url)).ready(1)
        await broker.publish(body(), message_id="b-00")
        await refused_by_a_consumer(broker)
        await letters(pool)
        await proxy.cut()
        for number in range(1, 20):
            await broker.publish(body(), message_id=f"b-{number:02}")
        await refused_by_a_consumer(broker, count=19)
        await program.logged("uitval")
        assert await pool.fetchval("select count(*) from dead_letter") == 1
        await proxy.restore()
        rows = await letters(pool, 20)
        assert await program.stop() == 0
    assert program.err == ""
    assert [row["bericht_id"] for row in rows] == [f"b-{number:02}" for number in range(20)]
    assert {(row["aantal"], row["code"], row["queue"]) for row in rows} == {
        (1, "broker-rejected", QUEUE)
    }
    assert await broker.depth(DLQ) == 0


async def test_two_workers_tell_once_that_a_group_grows(
    pool: Pool, broker: Broker, start: Start
) -> None:
    programs = [
        await (await start("--role", "sink", housekeeping="PT0.05S")).ready(1) for _ in "ab"
    ]
    for number in range(10):
        await broker.publish(body(), message_id=f"m-{number}")
    await refused_by_a_consumer(broker, count=10)
    await letters(pool, 10)

    async def told() -> bool:
        return bool(await pool.fetchval("select count(*) from dead_letter_groep"))

    await until(told, "the group is told of")
    assert [await program.stop() for program in programs] == [0, 0]
    lines = [
        line
        for program in programs
        for line in program.lines
        if line["event"] == "dead_letters_groeien"
    ]
    assert [(line["code"], line["queue"], line["veld"]) for line in lines] == [
        ("broker-rejected", QUEUE, "-")
    ]
    events = await pool.fetchval("select count(*) from outbox where adres like '%groeien'")
    assert events == 1


async def test_a_worker_whose_inbox_would_forget_too_soon_does_not_start(
    command: Callable[..., Awaitable[Any]],
) -> None:
    ended = await command("worker", keep_inbox="P30D")
    assert ended.code == 1
    assert "KLANTCONTACT_KEEP_INBOX" in ended.err
    assert "P372D" in ended.err
    assert "Traceback" not in ended.err
