from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contacts import body
from tests.facts import fill
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
