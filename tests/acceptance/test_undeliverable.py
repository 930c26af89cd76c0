"""Messages that the broker cannot deliver: one queue waits for seconds, and the others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from tests import reports
from tests.contacts import body
from tests.facts import applicatie, autorisatie, fill, zaak
from tests.failing_broker import failing
from tests.waiting import until
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from uuid import UUID

    from tests.broker import Broker
    from tests.failing_broker import FailingBroker
    from tests.mails import Mails
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool
    from worker.stack.state import StackState

    Start = Callable[..., Awaitable[Program]]
    Command = Callable[..., Awaitable[Ended]]

QUEUE = "klantcontact.registratie.callcenter"
MARK = {"x-merk": "onbestelbaar"}

pytestmark = pytest.mark.usefixtures("measured")


needs_amqp10 = pytest.mark.usefixtures("amqp10")


@pytest.fixture
async def fails(services: StackState) -> AsyncIterator[FailingBroker]:
    """The broker, which fails on what bears the mark."""
    async with failing(services.amqp) as proxy:
        proxy.marks.add(MARK["x-merk"].encode())
        yield proxy


@pytest.fixture
async def amqp10(broker: Broker) -> None:
    """Only where the broker has AMQP 1.0 without a plugin."""
    if await broker.version() < (4,):
        pytest.skip("RabbitMQ 3 has AMQP 1.0 in a plugin, which the stack does not enable")


async def contacts(pool: Pool, count: int) -> None:
    async def registered() -> bool:
        return bool(await pool.fetchval("select count(*) = $1 from klantcontact", count))

    await until(registered, f"{count} klantcontacten are registered")


async def letters(pool: Pool, count: int = 1) -> list[tuple[str, str, str]]:
    """Code, queue and message id of all dead letters, once there are `count`."""

    async def kept() -> bool:
        return bool(await pool.fetchval("select count(*) >= $1 from dead_letter", count))

    await until(kept, f"{count} dead letters")
    rows = await pool.fetch("select code, queue, bericht_id from dead_letter order by bericht_id")
    return [tuple(row) for row in rows]


async def emptied(broker: Broker, *queues: str) -> None:
    async def empty() -> bool:
        return not sum([await broker.depth(each) for each in queues])

    await until(empty, f"{queues} are empty")


async def test_the_other_queues_go_on_and_the_blocked_one_is_named(
    pool: Pool, broker: Broker, start: Start, fails: FailingBroker, command: Command
) -> None:
    await fill(pool)
    await fill(pool, applicatie("balie"), autorisatie("applicatie", "balie"))
    fails.without_amqp10 = True
    await broker.publish(body(), message_id="slecht", headers=MARK)
    await broker.publish(body(onderwerp="erachter"), message_id="erachter")
    program = await (await start("--role", "intake", amqp_url=fails.url)).ready(1)
    line = await program.logged("queue_gestremd", queue=QUEUE)
    assert line["antwoord"] == "541 INTERNAL_ERROR"
    for number in range(5):
        await broker.publish(
            body(onderwerp=f"{number}"), user="balie", message_id=f"balie-{number}"
        )
    await broker.fact(orjson.dumps(zaak(identificatie="ZAAK-2")), message_id="feit")
    await contacts(pool, 5)

    async def stored() -> bool:
        return bool(await pool.fetchval("select true from zaak where identificatie = 'ZAAK-2'"))

    await until(stored, "the fact is stored")
    reason = "RabbitMQ does not speak AMQP 1.0"
    await program.logged("queue_gestremd", queue=QUEUE, reden=None)
    await until(lambda: _said(pool, reason), "the reason is on record")
    shown = await command("status")
    assert f"Queue {QUEUE} stands still" in " ".join(shown.out.split())
    assert reason in " ".join(shown.out.split())
    (blocked,) = (await command("status", "--json")).json()["blockedQueues"]
    assert (blocked["queue"], blocked["answer"]) == (QUEUE, "541 INTERNAL_ERROR")
    assert await pool.fetchval("select count(*) from dead_letter") == 0


async def _said(pool: Pool, reason: str) -> bool:
    found = await pool.fetchval("select reden from gestremde_queue where queue = $1", QUEUE)
    return reason in (found or "")


@needs_amqp10
async def test_what_is_taken_off_once_there_is_amqp_1_0_is_registered_by_a_retry(
    pool: Pool, broker: Broker, start: Start, fails: FailingBroker, command: Command
) -> None:
    await fill(pool)
    fails.without_amqp10 = True
    await broker.publish(body(), message_id="slecht", headers=MARK)
    program = await (await start("--role", "intake", "--role", "relay", amqp_url=fails.url)).ready(
        2
    )
    await until(lambda: _said(pool, "AMQP 1.0"), "it cannot be taken")
    fails.without_amqp10 = False
    line = await program.logged("onleverbaar", queue=QUEUE, bericht="slecht")
    assert await letters(pool) == [("broker-onleverbaar", QUEUE, "slecht")]
    await program.logged("queue_hersteld", queue=QUEUE)
    assert await pool.fetchval("select count(*) from gestremde_queue") == 0
    retried = await command("dead-letters", "retry", line["dead_letter"], "--wait")
    assert retried.code == 0, retried.err
    await contacts(pool, 1)


@pytest.mark.parametrize("place", [0, 500])
@needs_amqp10
async def test_one_among_a_thousand_is_put_away_and_its_neighbours_are_registered(
    pool: Pool, broker: Broker, start: Start, fails: FailingBroker, place: int
) -> None:
    await fill(pool)
    for number in range(1000):
        headers = MARK if number == place else {}
        message = body(onderwerp=f"{number}")
        await broker.publish(message, message_id=f"bericht-{number}", headers=headers)
    program = await (await start("--role", "intake", amqp_url=fails.url)).ready(1)
    assert await letters(pool) == [("broker-onleverbaar", QUEUE, f"bericht-{place}")]
    await contacts(pool, 999)
    await program.logged("queue_hersteld", queue=QUEUE)
    await emptied(broker, QUEUE)
    assert await pool.fetchval("select aantal from dead_letter") == 1
    assert await pool.fetchval("select coalesce(max(aantal), 0) from poging") == 0


@pytest.mark.parametrize("processes", [1, 3])
@needs_amqp10
async def test_two_in_two_queues_and_two_in_one_are_put_away_once_each(
    pool: Pool, broker: Broker, start: Start, fails: FailingBroker, processes: int
) -> None:
    await fill(pool)
    await fill(pool, applicatie("balie"), autorisatie("applicatie", "balie"))
    for _ in range(processes):
        await (await start("--role", "intake", amqp_url=fails.url)).ready(1)
    for number in range(30):
        for user in ("callcenter", "balie"):
            bad = number == 5 or (number, user) == (6, "balie")
            await broker.publish(
                body(onderwerp=f"{number}"),
                user=user,
                message_id=f"{user}-{number}",
                headers=MARK if bad else {},
            )
    found = await letters(pool, 3)
    assert [each[2] for each in found] == ["balie-5", "balie-6", "callcenter-5"]
    assert {each[0] for each in found} == {"broker-onleverbaar"}
    await contacts(pool, 57)
    assert await pool.fetchval("select max(aantal) from dead_letter") == 1
    await emptied(broker, QUEUE, "klantcontact.registratie.balie")


@needs_amqp10
async def test_a_fact_and_a_retry_that_cannot_be_delivered_are_put_away(
    pool: Pool, broker: Broker, start: Start, fails: FailingBroker, command: Command
) -> None:
    await fill(pool)
    roles = ("--role", "intake", "--role", "relay")
    program = await (await start(*roles, amqp_url=fails.url)).ready(2)
    await broker.publish(body(type="fax"), message_id="fout")
    await letters(pool)
    letter = await pool.fetchval("select id from dead_letter")
    fails.marks.add(str(letter).encode())
    assert (await command("dead-letters", "retry", str(letter))).code == 0
    await program.logged("onleverbaar", queue=topology.HERVAT, dead_letter=str(letter))
    row = await pool.fetchrow("select toestand, code from dead_letter")
    assert row is not None
    assert tuple(row) == ("open", "broker-onleverbaar")
    slecht = orjson.dumps(zaak(identificatie="ZAAK-2"))
    await broker.fact(slecht, message_id="feit", headers=MARK)
    await program.logged("onleverbaar", queue=topology.ZAKEN)
    fails.marks.clear()
    feit = await pool.fetchval("select id from dead_letter where queue = $1", topology.ZAKEN)
    assert (await command("dead-letters", "retry", str(feit), "--wait")).code == 0
    assert await pool.fetchval("select true from zaak where identificatie = 'ZAAK-2'")


@needs_amqp10
async def test_a_mail_whose_job_cannot_be_delivered_is_offered_again(
    pool: Pool, broker: Broker, start: Start, fails: FailingBroker, mails: Mails
) -> None:
    await fill(pool)
    await (await start("--role", "intake", "--role", "relay")).ready(2)
    await broker.publish(body(), message_id="een")

    async def offered() -> UUID | None:
        found: UUID | None = await pool.fetchval("select id from mail where toestand='aangeboden'")
        return found

    mail = await until(offered, "a mail is offered")
    fails.marks.add(str(mail).encode())
    mailer = await (await start("--role", "mailer", amqp_url=fails.url)).ready(1)
    line = await mailer.logged("onleverbaar", queue=topology.NOTIFICATIE_EMAIL)
    assert line["dead_letter"] is None
    fails.marks.clear()
    await mails.arrived()
    await mailer.logged("mail", toestand="verzonden", mail=str(mail))
    assert await pool.fetchval("select count(*) from dead_letter") == 0


@needs_amqp10
async def test_the_broker_s_dead_letters_and_bounces_are_put_away_too(
    pool: Pool, broker: Broker, start: Start, fails: FailingBroker
) -> None:
    await fill(pool)
    await broker.publish(body(), message_id="slecht", headers=MARK)
    await broker.publish(body(onderwerp="goed"), message_id="goed")
    taken = await (await broker.channel("admin")).get_queue(QUEUE, ensure=False)
    for _ in range(2):
        await (await taken.get()).reject(requeue=False)
    await broker.publish(
        reports.postfix(),
        user="mailsysteem",
        exchange=topology.BOUNCE,
        routing_key="bounce",
        message_id="retour",
        content_type="message/rfc822",
        headers={"authorization": None, **MARK},
    )
    await (await start("--role", "sink", amqp_url=fails.url)).ready(1)
    assert await letters(pool, 3) == [
        ("broker-rejected", QUEUE, "goed"),
        ("broker-onleverbaar", topology.BOUNCE, "retour"),
        ("broker-onleverbaar", QUEUE, "slecht"),
    ]
    await emptied(broker, topology.DLQ, topology.BOUNCE)
