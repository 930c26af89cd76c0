from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.contacts import ZAAK, body, delivery
from tests.facts import fill, register
from tests.fakes import FakeLane, FakeStore, Lines
from tests.known import known
from tests.registering import store
from tests.registrations import registration
from tests.suspected import work
from tests.unit.test_intake import intake

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.program import Ended
    from worker.postgres.pool import Pool


async def test_a_broker_that_is_away_is_one_line(
    command: Callable[..., Awaitable[Ended]],
) -> None:
    ended = await command("topology", "check", amqp_url="amqp://x:y@127.0.0.1:1/")
    assert ended.err.splitlines() == [
        "Error: RabbitMQ does not answer (AMQPConnectionError); is it up, and reachable?"
    ]


async def test_a_worker_warns_of_a_name_that_is_no_setting(
    command: Callable[..., Awaitable[Ended]],
) -> None:
    # It ends at once, by a setting that is wrong.
    ended = await command("worker", mail_windw="geheim", keep_inbox="P1D")
    (line,) = [json.loads(line) for line in ended.out.splitlines()]
    del line["timestamp"]
    assert line == {
        "event": "instelling_onbekend",
        "level": "warning",
        "naam": "KLANTCONTACT_MAIL_WINDW",
        "bedoeld": "KLANTCONTACT_MAIL_WINDOW",
    }


async def test_a_moment_in_json_is_iso_8601(
    pool: Pool, command: Callable[..., Awaitable[Ended]]
) -> None:
    await fill(pool)
    await store(pool, registration())
    dossier = (await command("dossier", ZAAK, "--json")).json()
    assert dossier["klantcontacten"][0]["datumGezet"] == "2026-11-01T10:58:12+00:00"


async def test_a_field_that_a_sender_made_up_is_not_in_the_log() -> None:
    lines = Lines()
    lane = FakeLane([[delivery(body(**{"Jan de Vries": 1}))]])
    await work(intake(FakeStore(known=known(*register())), lines), lane)
    assert "Jan de Vries" not in str(lines.all)
