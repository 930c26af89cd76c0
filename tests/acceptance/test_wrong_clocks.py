"""Workers on machines whose clocks are wrong: leases are PostgreSQL's, so nothing comes twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import body
from tests.facts import fill
from tests.program import Program
from tests.smtp_sink import smtp_sink
from tests.waiting import until
from worker.clock import now
from worker.stack.debian import DebianError
from worker.stack.looking import default_root

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.broker import Broker
    from tests.smtp_sink import Sink
    from worker.postgres.pool import Pool

_MESSAGES = 12
# A mail takes so long that a lease of another clock would have ended meanwhile.
_SLOW = ("-w", "4")
_TEN_MINUTES = 600


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Sink]:
    try:
        entered = smtp_sink(default_root() / "software", tmp_path, *_SLOW)
        sink = await entered.__aenter__()
    except DebianError as error:
        pytest.skip(str(error))
    try:
        yield sink
    finally:
        await entered.__aexit__(None, None, None)


async def test_two_processes_twenty_minutes_apart_send_each_mail_once(
    pool: Pool, broker: Broker, environment: dict[str, str], slow: Sink
) -> None:
    await fill(pool)
    given = {
        **environment,
        "KLANTCONTACT_SMTP_PORT": str(slow.port),
        "KLANTCONTACT_SMTP_DEADLINE": "PT20S",
        "KLANTCONTACT_MAIL_LEASE": "PT60S",
        "KLANTCONTACT_RELAY_LEASE": "PT30S",
        "KLANTCONTACT_SMTP_CONNECTIONS": "2",
        "KLANTCONTACT_RELAY_POLL": "PT0.2S",
    }
    programs = [
        await Program.start(
            "worker",
            environment={**given, "KLANTCONTACT_TEST_SKEW": str(skew)},
            module="tests.skewed",
        )
        for skew in (-_TEN_MINUTES, _TEN_MINUTES)
    ]
    try:
        for each in programs:
            await each.ready()
        began = now()
        for number in range(_MESSAGES):
            await broker.publish(body(), message_id=f"b-{number}")

        async def settled() -> bool:
            sent = await pool.fetchval("select count(*) from mail where toestand = 'verzonden'")
            left = await pool.fetchval("select count(*) from outbox")
            return bool(sent == _MESSAGES and left == 0)

        await until(settled, "every mail is sent")
        assert slow.received() == _MESSAGES
        rows = await pool.fetchrow(
            "select (select count(*) from mail_poging), (select count(*) from klantcontact)"
        )
        assert rows is not None
        assert tuple(rows) == (_MESSAGES, _MESSAGES)
        stamped = await pool.fetchval("select max(verzonden) from mail")
        assert began - timedelta(minutes=1) < stamped < now() + timedelta(minutes=1)
        await _seen_lately(pool)
        assert [await each.stop() for each in programs] == [0, 0]
    finally:
        for each in programs:
            await each.kill()


async def _seen_lately(pool: Pool) -> None:
    """Both processes are seen by the database's clock, so `status` knows that they are there."""
    rows: list[Any] = await pool.fetch("select now() - gezien as ago, now() - begonnen from proces")
    assert len(rows) == 2 * 4
    for seen, since in rows:
        assert abs(seen) < timedelta(minutes=1)
        assert abs(since) < timedelta(minutes=5)
