"""Two worker processes, messages twice: everything once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import TYPE_CHECKING

from tests.contacts import body
from tests.facts import fill
from tests.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Program
    from worker.postgres.pool import Pool

_MESSAGES = int(os.environ.get("KLANTCONTACT_TEST_MESSAGES", "1000"))
# Every tenth message comes again at once, and every tenth again at the end.
_IDS = [f"b-{number}" for number in range(_MESSAGES)]
_SENT = [
    *(each for number, name in enumerate(_IDS) for each in [name] * (2 if number % 10 == 0 else 1)),
    *_IDS[5::10],
]
_WINDOW = 500
_QUEUES = ("klantcontact.registratie.callcenter", "klantcontact.notificatie.email")


async def test_two_processes_register_and_mail_everything_once(
    pool: Pool, broker: Broker, mails: Mails, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool)
    programs = [await start(smtp_connections="8") for _ in range(2)]
    for program in programs:
        await program.ready()
    for place in range(0, len(_SENT), _WINDOW):
        await asyncio.gather(
            *(broker.publish(body(), message_id=name) for name in _SENT[place : place + _WINDOW])
        )

    async def settled() -> bool:
        sent = await pool.fetchval("select count(*) from mail where toestand = 'verzonden'")
        return bool(sent == _MESSAGES)

    await until(settled, "every mail is sent", within=DEADLINE + _MESSAGES / 10)

    def said() -> Counter[str]:
        lines = [line for program in programs for line in program.lines]
        return Counter(line["outcome"] for line in lines if line["event"] == "klantcontact")

    async def answered() -> bool:
        return said().total() >= len(_SENT)

    await until(answered, "every message has its outcome")
    assert said() == {"geregistreerd": _MESSAGES, "herhaald": len(_SENT) - _MESSAGES}
    counts = await pool.fetchrow(
        """
        select (select count(*) from klantcontact), (select count(*) from bericht),
               (select count(*) from mail), (select count(*) from notificatie),
               (select count(*) from outbox), (select count(*) from dead_letter)
        """
    )
    assert counts is not None
    assert tuple(counts) == (*[_MESSAGES] * 4, 0, 0)
    assert len({mail["Message-ID"] for mail in mails.all()}) == len(mails.all()) == _MESSAGES
    assert [await program.stop() for program in programs] == [0, 0]
    assert sum([await broker.depth(queue) for queue in _QUEUES]) == 0
