"""The life of the worker: facts by queue, contacts without a zaak, what is logged."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.contacts import ZAAK, body
from tests.facts import betrokkene, fill, zaak
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

pytestmark = pytest.mark.usefixtures("measured")


async def _count(pool: Pool, table: str) -> int:
    count: int = await pool.fetchval(f"select count(*) from {table}")  # noqa: S608 (a name of ours)
    return count


async def test_a_zaak_that_is_closed_by_queue_takes_no_more_contacts(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake")).ready(1)
    await broker.fact(orjson.dumps(zaak(einddatum="2026-11-20")), message_id="f-1")
    await program.logged("zaken", stored=1)
    await broker.publish(body(), message_id="te-laat")
    await program.logged("klantcontact", outcome="afgewezen", code="zaak-afgesloten")
    assert await _count(pool, "klantcontact") == 0


async def test_a_worker_that_is_asked_to_stop_while_it_loads_stops_in_order(
    start: Start, tmp_path: Path
) -> None:
    secret = tmp_path / "amqp-url"
    os.mkfifo(secret)
    program = await start("--role", "relay", amqp_url_file=secret)

    async def opened() -> int | None:
        with suppress(OSError):  # nobody reads it yet
            return os.open(secret, os.O_WRONLY | os.O_NONBLOCK)
        return None

    writing = await until(opened, "it reads its settings")
    program.process.send_signal(signal.SIGTERM)
    os.close(writing)
    assert await program.ended() == 0
    assert [line["event"] for line in program.lines][-1] == "gestopt"


async def test_facts_of_the_zaaksysteem_are_stored_and_anybody_elses_are_refused(
    pool: Pool, broker: Broker, start: Start
) -> None:
    now = datetime.now(UTC)
    await (await start("--role", "intake")).ready(1)
    await broker.fact(orjson.dumps(zaak()), message_id="f-1", timestamp=now)
    await broker.fact(
        orjson.dumps(zaak(omschrijving="oud")), message_id="f-2", timestamp=now - timedelta(days=1)
    )
    await broker.fact(b"{", message_id="f-3")
    await broker.publish(
        orjson.dumps(zaak(identificatie="Z-1")),
        user="admin",
        exchange="klantcontact.zaken",
        message_id="f-4",
    )

    async def refused() -> bool:
        return await _count(pool, "dead_letter") == 2

    await until(refused, "two are refused")
    row = await pool.fetchrow("select identificatie, omschrijving from zaak")
    assert row is not None
    assert tuple(row) == (ZAAK, "Dakkapel aan de Voorbeeldstraat")
    rows = await pool.fetch("select code from dead_letter order by code")
    assert [each[0] for each in rows] == ["applicatie-onbekend", "bericht-onleesbaar"]


async def test_contacts_without_a_zaak_are_registered_where_that_is_switched_on(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake", contacts_without_zaak="true")).ready(1)
    await broker.publish(body(zaak=...), message_id="een")
    await program.logged("klantcontact", outcome="geregistreerd")
    assert await pool.fetchval("select zaak from klantcontact") is None


async def test_nothing_personal_is_in_any_line_of_the_log(
    pool: Pool, broker: Broker, start: Start
) -> None:
    marked = "GEHEIM"
    person = betrokkene(naam=marked, email=f"{marked}@example.nl", rol=marked)
    await fill(pool)
    await fill(pool, zaak(betrokkenen=[person], omschrijving=marked))
    programs = [await start(log_format=kind, log_level="debug") for kind in ("json", "console")]
    for program in programs:
        await program.said("gereed", 4)
    said = {
        "toelichting": marked,
        "onderwerp": marked,
        "opvoerder": {"soort": "medewerker", "identificatie": "mdw-0042", "naam": marked},
        "gesprekspartners": [{"rol": "klant", "naam": marked}],
    }
    for number in range(10):
        await broker.publish(body(**said), message_id=f"goed-{number}")
        await broker.publish(body(**said, zaak="Z-0"), message_id=f"slecht-{number}")
        await broker.publish(body(**said, type=marked), message_id=f"fout-{number}")
        await broker.publish(marked.encode(), message_id=f"onleesbaar-{number}")

    async def done() -> bool:
        sent = await pool.fetchval("select count(*) from mail where toestand = 'verzonden'")
        return bool(sent == 10 and await _count(pool, "dead_letter") == 30)

    await until(done, "ten mails sent and thirty messages refused")
    assert [await program.stop() for program in programs] == [0, 0]
    for program in programs:
        assert marked not in "".join(program.raw) + program.err


async def test_a_mail_that_cannot_be_made_shows_nobody_in_the_log(
    pool: Pool, broker: Broker, start: Start, tmp_path: Path
) -> None:
    marked = "GEHEIM"
    folder = tmp_path / "klantcontact-toegevoegd" / "nl"
    folder.mkdir(parents=True)
    for name in ("onderwerp.txt", "bericht.txt", "bericht.html"):
        text = "{% if naam == 'GEHEIM' %}{{ 1 // 0 }}{% endif %}x"
        (folder / name).write_text(text, encoding="utf-8")
    await fill(pool)
    await fill(pool, zaak(betrokkenen=[betrokkene(naam=marked)]))
    program = await start(log_format="console", templates=str(tmp_path))
    await broker.publish(body(), message_id="een")
    await program.said("mail_mislukt")
    assert await program.stop() == 0
    assert marked not in "".join(program.raw) + program.err
    assert await pool.fetchval("select toestand from mail") == "mislukt"
    left = await pool.fetch("select soort from outbox where soort <> 'gebeurtenis'")
    assert left == []
