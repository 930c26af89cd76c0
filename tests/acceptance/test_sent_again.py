from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contacts import body
from tests.facts import betrokkene, fill, register, zaak
from tests.integration.smtp.told_server import Told, listening
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

pytestmark = pytest.mark.usefixtures("measured")


async def test_a_mail_that_got_lost_comes_again_as_a_new_one_that_tells_the_same(
    pool: Pool,
    broker: Broker,
    mails: Mails,
    start: Callable[..., Awaitable[Program]],
    command: Callable[..., Awaitable[Ended]],
) -> None:
    await fill(pool)
    await (await start()).ready()
    await broker.publish(body(), message_id="een")
    (first,) = await mails.arrived()

    async def sent() -> UUID | None:
        found: UUID | None = await pool.fetchval("select id from mail where toestand = 'verzonden'")
        return found

    mail = await until(sent, "the mail is on record as sent")
    done = (await command("notificaties", "resend", str(mail), "--again", "--json")).json()
    _, second = await mails.arrived(2)
    assert second["Message-ID"].startswith(f"<{done['mails'][0]}@")
    assert second["Message-ID"] != first["Message-ID"]
    assert second["References"] == first["References"]
    texts = [each.get_body(("plain",)) for each in (first, second)]
    assert texts[0] is not None
    assert texts[1] is not None
    assert texts[0].get_content() == texts[1].get_content()


@pytest.mark.parametrize("first", ["450 4.2.0 later", "421 4.3.2 closing"])
async def test_a_second_attempt_goes_to_the_same_ascii_address_as_the_first(
    pool: Pool,
    broker: Broker,
    start: Callable[..., Awaitable[Program]],
    command: Callable[..., Awaitable[Ended]],
    first: str,
) -> None:
    await fill(pool, *register(), zaak(betrokkenen=[betrokkene(email="grijs@bücher.example")]))
    server = Told(once=True, rcpt=first)
    async with listening(server) as port:
        settings = {"smtp_port": str(port), "mail_window": "PT0S", "mail_retries": "PT0.1S"}
        program = await (await start(**settings)).ready()
        await broker.publish(body(), message_id="een")
        await program.logged("mail", toestand="uitgesteld")
        line = await program.logged("mail", toestand="verzonden")
        await pool.execute("update mail set toestand = 'onzeker'")
        resent = await command("notificaties", "resend", line["mail"], "--reason", "it got lost")
        assert resent.code == 0, resent.err
        await program.logged("mail", count=2, toestand="verzonden")
    assert [each.rcpt_tos for each in server.sent] == [["grijs@xn--bcher-kva.example"]] * 2
    assert server.sent[0].original_content == server.sent[1].original_content
