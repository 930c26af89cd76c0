"""A mail that comes back, by the whole program: from the report to who is told from then on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import orjson
import pytest

from tests import reports
from tests.contacts import body
from tests.facts import betrokkene, fill, zaak
from tests.reports import BOUNCES, BURGER, fields
from tests.waiting import until
from worker.rabbitmq import topology
from worker.return_path import envelope_sender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from uuid import UUID

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool
    from worker.stack.state import StackState

    Start = Callable[..., Awaitable[Program]]
    Command = Callable[..., Awaitable[Ended]]

pytestmark = pytest.mark.usefixtures("measured")


async def report(broker: Broker, content: bytes, **properties: object) -> None:
    """Publish a mail that came back, as the mail system does."""
    await broker.publish(
        content,
        user="mailsysteem",
        exchange=topology.BOUNCE,
        routing_key="bounce",
        **{"content_type": "message/rfc822", "headers": {"authorization": None}, **properties},
    )


async def sent_mail(pool: Pool) -> UUID:
    async def sent() -> UUID | None:
        found: UUID | None = await pool.fetchval("select id from mail where toestand = 'verzonden'")
        return found

    return await until(sent, "a mail is sent")


async def test_a_mail_that_came_back_stops_others_until_the_facts_bring_another_address(
    pool: Pool, broker: Broker, mails: Mails, start: Start
) -> None:
    await fill(pool)
    program = await (await start(mail_window="PT0S")).ready()
    await broker.publish(body(), message_id="eerste")
    mail = await sent_mail(pool)
    await report(broker, reports.postfix(mail=mail), message_id="bericht-1")
    line = await program.logged("bounce", outcome="teruggekomen", bericht="bericht-1")
    assert (line["mail"], line["status"]) == (str(mail), "5.1.1")
    rows = await pool.fetch(
        """
        select m.toestand, m.code, d.code, d.toestand
        from mail as m join dead_letter as d on d.bericht_id = m.id::text
        """
    )
    assert [tuple(row) for row in rows] == [("mislukt", 550, "mail-mislukt", "open")]

    await broker.publish(body(), message_id="tweede")
    await program.logged("klantcontact", outcome="geregistreerd", bericht="tweede")
    withheld = "select count(*) from notificatie where reden = 'adres-ongeldig' and mail is null"
    assert await pool.fetchval(withheld) == 1

    person = betrokkene(email="nieuw@example.nl")
    await broker.fact(orjson.dumps(zaak(betrokkenen=[person])), message_id="feit")
    await program.logged("zaken", stored=1)
    await broker.publish(body(), message_id="derde")
    assert [each["To"].addresses[0].addr_spec for each in await mails.arrived(2)] == [
        BURGER,
        "nieuw@example.nl",
    ]
    assert BURGER not in "".join(program.raw) + program.err


async def test_whatever_comes_on_the_queue_is_taken_from_it_and_shows_nobody_in_the_log(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    program = await (await start(mail_window="PT0S", log_level="debug")).ready()
    await broker.publish(body(), message_id="eerste")
    mail = await sent_mail(pool)
    late = fields(action="delayed", status="4.4.1")
    sent = {
        "vertraagd": reports.postfix(late, mail=mail),
        "onbekend": reports.postfix(fields("ander@example.nl"), mail=mail),
        "overgeslagen": reports.out_of_office(mail),
        "onleesbaar": reports.in_words(mail),
        "teruggekomen": reports.exchange(mail),
        "herhaald": reports.exchange(mail),
    }
    for name, content in sent.items():
        await report(broker, content, message_id=name)
        await program.logged("bounce", outcome=name, bericht=name)
    odd = [b"", b"\xff" * 1000, b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n" * 1000]
    for content in odd:
        await report(broker, content, headers={"authorization": None, "ontvanger": 7})
    await program.logged("bounce", count=len(odd) + 1, outcome="onleesbaar")
    assert await program.stop() == 0
    assert await broker.depth(topology.BOUNCE) == 0
    assert "example.nl" not in "".join(program.raw) + program.err
    attempts = await pool.fetch("select toestand from mail_poging where status is not null")
    assert sorted(each[0] for each in attempts) == ["teruggekomen", "vertraagd"]


async def test_the_command_hands_over_what_a_mail_server_gives_it(
    pool: Pool, broker: Broker, start: Start, command: Command
) -> None:
    await fill(pool)
    program = await (await start(mail_window="PT0S")).ready()
    await broker.publish(body(), message_id="eerste")
    mail = await sent_mail(pool)
    content = reports.exim(mail).replace(mail.hex.encode(), b"")
    sender = envelope_sender(BOUNCES, mail)
    url = broker.url("mailsysteem")
    ended = await command("bounce", "--ontvanger", sender, given=content, amqp_url=url)
    assert (ended.code, ended.err) == (0, "")
    message_id = ended.out.strip().removeprefix("Confirmed by the broker: message ")
    await program.logged("bounce", outcome="teruggekomen", bericht=message_id, status="5.0.0")
    again = await command("bounce", "--ontvanger", sender, given=content, amqp_url=url)
    assert again.out == ended.out
    await program.logged("bounce", outcome="herhaald", bericht=message_id)


async def test_on_the_stack_the_command_is_the_mail_system(
    broker: Broker, command: Command, services: StackState, tmp_path: Path
) -> None:
    (tmp_path / "stack").symlink_to(services.token_secrets.parent)
    ended = await command("bounce", given=reports.exim(), stack_dir=str(tmp_path))
    assert ended.code == 0, ended
    queue = await (await broker.channel("admin")).get_queue(topology.BOUNCE)
    message = await queue.get()
    await message.ack()
    assert (message.user_id, message.body) == ("mailsysteem", reports.exim())
    assert message.content_type == "message/rfc822"
    assert "ontvanger" not in message.headers


@pytest.mark.parametrize(
    "settings",
    [{"amqp_url": "amqp://x:y@127.0.0.1:1/"}, {"smtp_port": "geen"}],
    ids=["broker away", "setting wrong"],
)
async def test_while_it_cannot_be_handed_over_the_mail_server_is_told_to_try_again(
    command: Command, settings: dict[str, str]
) -> None:
    ended = await command("bounce", given=reports.postfix(), **settings)
    assert (ended.code, ended.out) == (os.EX_TEMPFAIL, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("Error: ")
