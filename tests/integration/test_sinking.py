from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from uuid_utils.compat import uuid7

from tests.contacts import NOW, QUEUE, ZAAK, body, delivery
from tests.dying import dead, died
from tests.facts import fill
from tests.posted import post
from tests.registering import SOURCE, store
from tests.registrations import refused, registration
from tests.statements import written_down
from tests.waiting import until
from worker.errors import BatchRejected
from worker.outcomes import AFGEWEZEN, Announcer
from worker.postgres.dead_letters import store_dead_letters
from worker.postgres.pool import transaction
from worker.postgres.sinking import PostgresSink
from worker.sink import Outcome, Sunk

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.envelope import Delivery, Rejection
    from worker.postgres.pool import Pool

PAUSE = timedelta(seconds=15)
LATER = NOW + timedelta(hours=1)


async def put(pool: Pool, *sent: Delivery, now: datetime = NOW) -> list[Sunk]:
    store = PostgresSink(pool, Announcer(SOURCE), PAUSE)
    return await store.put([dead(each, now) for each in sent], now)


async def letters(pool: Pool) -> list[asyncpg.Record]:
    return list(await pool.fetch("select * from dead_letter order by eerste, id"))


async def only(pool: Pool) -> asyncpg.Record:
    (row,) = await letters(pool)
    return row


async def told(pool: Pool) -> list[tuple[str, str, dict[str, Any]]]:
    rows = await pool.fetch("select soort, adres, inhoud from outbox order by soort desc")
    return [(row[0], row[1], orjson.loads(row[2])) for row in rows]


async def refuse(pool: Pool, *rejected: Rejection) -> None:
    async with transaction(pool) as connection:
        await store_dead_letters(connection, rejected, NOW)


def outcomes(sunk: list[Sunk]) -> list[str]:
    return [str(each.outcome) for each in sunk]


async def test_it_is_kept_with_reason_queue_headers_and_body_to_the_byte(pool: Pool) -> None:
    sent = died(body(), reason="expired", message_id="een", reply_to="antwoord.callcenter.1")
    (sunk,) = await put(pool, sent)
    row = await only(pool)
    assert sunk == Sunk(Outcome.KEPT, row["id"])
    assert (row["code"], row["queue"], row["veld"]) == ("broker-expired", QUEUE, "-")
    assert (row["body"], row["zaak"], row["toestand"]) == (sent.body, ZAAK, "open")
    assert (row["applicatie"], row["bericht_id"]) == ("callcenter", "een")
    assert (row["aantal"], row["pogingen"], row["identiteit"]) == (1, 1, None)
    kept = orjson.loads(row["headers"])
    token = sent.headers["authorization"]
    unsigned = {"authorization": f"{token.rpartition('.')[0]}."}
    assert kept["headers"] == orjson.loads(orjson.dumps(sent.headers)) | unsigned
    assert await pool.fetchval("select token from wachtend_token") == token
    assert orjson.loads(row["probleem"])["instance"] == f"urn:uuid:{row['id']}"


async def test_its_sender_and_everybody_else_hear_of_it(pool: Pool) -> None:
    await put(pool, died(message_id="een", reply_to="antwoord.callcenter.1"))
    (event, reply) = await told(pool)
    assert (event[:2], reply[:2]) == (
        ("gebeurtenis", AFGEWEZEN),
        ("antwoord", "antwoord.callcenter.1"),
    )
    assert event[2]["data"]["bericht"]["id"] == "een"
    assert event[2]["data"]["probleem"]["type"] == "urn:klantcontact:probleem:broker-rejected"


async def test_of_what_is_no_klantcontact_no_channel_hears(pool: Pool) -> None:
    await put(pool, died(b"{}", queue="klantcontact.zaken", user_id="zaaksysteem"))
    await put(pool, died(b"{}", queue="onbekend"), died(b"{}", queue="klantcontact.bounce"))
    assert len(await letters(pool)) == 3
    assert await told(pool) == []


async def test_a_delivery_that_comes_again_changes_nothing(pool: Pool) -> None:
    sent = died(message_id="een")
    first = await put(pool, sent)
    await pool.execute("delete from outbox")
    before = await only(pool)
    again = await put(pool, sent, now=LATER)
    assert outcomes(first + again) == ["bewaard", "herhaald"]
    assert again[0].dead_letter == before["id"]
    assert (await only(pool), await told(pool)) == (before, [])


@pytest.mark.parametrize("toestand", ["gearchiveerd", "opgelost", "hervat"])
async def test_a_delivery_that_comes_again_undoes_nothing_that_was_done_meanwhile(
    pool: Pool, toestand: str
) -> None:
    sent = died(message_id="een")
    await put(pool, sent)
    await pool.execute("update dead_letter set toestand = $1, code = 'zaak-onbekend'", toestand)
    before = await only(pool)
    assert outcomes(await put(pool, sent, now=LATER)) == ["herhaald"]
    assert await only(pool) == before


async def test_a_batch_that_comes_again_is_known_by_its_last_death_of_each_message(
    pool: Pool,
) -> None:
    batch = [died(message_id="een", time=NOW + timedelta(minutes=n - 9)) for n in range(3)]
    assert outcomes(await put(pool, *batch)) == ["bewaard"] * 3
    assert (await only(pool))["aantal"] == 3
    await pool.execute("update dead_letter set toestand = 'gearchiveerd'")
    assert outcomes(await put(pool, *batch, now=LATER)) == ["herhaald"] * 3
    another = died(message_id="een", time=NOW + timedelta(minutes=-1))
    assert outcomes(await put(pool, batch[2], another, now=LATER)) == ["herhaald", "bewaard"]
    row = await only(pool)
    assert (row["aantal"], row["toestand"]) == (4, "open")


async def test_another_death_of_the_same_message_counts_and_opens_it_again(pool: Pool) -> None:
    await put(pool, died(message_id="een"))
    await pool.execute("update dead_letter set toestand = 'gearchiveerd'")
    second = died(message_id="een", reason="expired", time=NOW + timedelta(seconds=1))
    assert outcomes(await put(pool, second, now=LATER)) == ["bewaard"]
    row = await only(pool)
    assert (row["aantal"], row["toestand"], row["code"]) == (2, "open", "broker-expired")
    assert (row["eerste"], row["laatste"]) == (NOW, LATER)


async def test_what_the_intake_refused_before_counts_on(pool: Pool) -> None:
    asked = registration("een")
    await refuse(pool, refused(asked))
    before = await only(pool)
    sent = died(asked.delivery.body, message_id="een", headers=asked.delivery.headers)
    await put(pool, sent)
    row = await only(pool)
    assert (row["id"], row["aantal"], row["code"]) == (before["id"], 2, "broker-rejected")
    kept = orjson.loads(row["headers"])["headers"]
    token = sent.headers["authorization"]
    assert (kept["authorization"], row["identiteit"]) == (f"{token.rpartition('.')[0]}.", None)
    assert await pool.fetchval("select token from wachtend_token") == token


async def test_a_sender_who_forges_a_death_does_not_hide_the_real_one(pool: Pool) -> None:
    forged = [{"reason": "rejected", "queue": QUEUE, "time": NOW}]
    asked = registration("een")
    sent = delivery(asked.delivery.body, message_id="een", headers={"x-death": forged})
    await refuse(pool, dead(sent).rejection)
    real = {"reason": "expired", "queue": QUEUE, "time": NOW}
    twice = died(sent.body, message_id="een", x_death=[real, *forged])
    assert outcomes(await put(pool, twice)) == ["bewaard"]
    assert (await only(pool))["aantal"] == 2


async def test_without_a_word_of_the_brokers_one_that_comes_again_is_kept_once(pool: Pool) -> None:
    sent = died(message_id="een", x_death=None)
    assert outcomes(await put(pool, sent)) == ["bewaard"]
    assert outcomes(await put(pool, sent)) == ["herhaald"]
    assert (await only(pool))["queue"] == "klantcontact.dlq"


async def test_what_is_registered_already_is_no_dead_letter(pool: Pool) -> None:
    await fill(pool)
    asked = registration("een")
    await store(pool, asked)
    await pool.execute("delete from outbox")
    sunk = await put(pool, died(asked.delivery.body, message_id="een"))
    assert sunk == [Sunk(Outcome.REGISTERED)]
    assert (await letters(pool), await told(pool)) == ([], [])
    assert await pool.fetchval("select count(*) from bericht") == 1


async def test_what_was_registered_after_an_edit_is_known_by_what_the_sender_sent(
    pool: Pool,
) -> None:
    await fill(pool)
    asked = registration("een", onderwerp="hersteld")
    await store(pool, asked)
    original = dead(died(message_id="een")).rejection.digest
    await pool.execute("update bericht set oorspronkelijk = $1", original)
    assert outcomes(await put(pool, died(message_id="een"))) == ["geregistreerd"]
    assert await letters(pool) == []


async def test_other_content_under_a_registered_key_is_a_dead_letter(pool: Pool) -> None:
    await fill(pool)
    await store(pool, registration("een"))
    assert outcomes(await put(pool, died(body(onderwerp="x"), message_id="een"))) == ["bewaard"]
    assert await pool.fetchval("select count(*) from bericht") == 1


async def test_whoever_registers_the_same_message_meanwhile_is_waited_for(pool: Pool) -> None:
    await fill(pool)
    asked = registration("een")
    async with pool.acquire() as connection:
        begun = connection.transaction()
        await begun.start()
        await connection.execute(
            "insert into bericht values ('callcenter', 'urn:applicatie:callcenter', 'een', $1,"
            " gen_random_uuid(), now())",
            asked.digest,
        )
        sinking = asyncio.create_task(put(pool, died(asked.delivery.body, message_id="een")))

        await _somebody_waits(pool)
        assert not sinking.done()
        await begun.commit()
    assert outcomes(await sinking) == ["geregistreerd"]
    assert await letters(pool) == []


async def _somebody_waits(pool: Pool) -> None:
    async def waiting() -> bool:
        return bool(
            await pool.fetchval(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock'"
            )
        )

    await until(waiting, "the sink waits for the lock")


async def test_two_who_put_the_same_delivery_on_record_at_once_count_it_once(pool: Pool) -> None:
    sent = [died(message_id=f"m-{number}") for number in range(20)]
    sent += [died(b"{", user_id=None, message_id=None) for _ in range(2)]
    for _ in range(5):
        first, second = await asyncio.gather(put(pool, *sent), put(pool, *reversed(sent)))
        assert len(first) == len(second) == 22
    rows = await pool.fetch("select aantal from dead_letter where bericht_id <> ''")
    assert [row[0] for row in rows] == [1] * 20


async def test_a_batch_holds_every_kind_and_each_has_its_outcome_in_order(pool: Pool) -> None:
    (mail,) = await post(pool)
    await pool.execute("update mail set toestand = 'aangeboden', opnieuw = $1", LATER)
    sunk = await put(
        pool,
        died(b"", queue="klantcontact.hervat", message_id=str(uuid7())),
        died(message_id="een"),
        died(b"m", queue="klantcontact.notificatie.email", message_id=str(mail)),
        died(message_id="twee"),
    )
    assert outcomes(sunk) == ["achterhaald", "bewaard", "opnieuw aangeboden", "bewaard"]


def recalled(letter: UUID, time: object = NOW) -> Delivery:
    queue = "klantcontact.hervat"
    return died(b"", queue=queue, reason="expired", time=time, message_id=str(letter), user_id=None)


@pytest.mark.parametrize(("toestand", "count"), [("hervat", 2), ("wacht", 1)])
async def test_a_retry_that_died_on_its_way_is_open_again(
    pool: Pool, toestand: str, count: int
) -> None:
    asked = registration("een")
    await refuse(pool, refused(asked))
    await pool.execute("update dead_letter set toestand = $1, opnieuw = $2", toestand, LATER)
    before = await only(pool)
    assert await put(pool, recalled(before["id"]), now=LATER) == [
        Sunk(Outcome.REOPENED, before["id"])
    ]
    row = await only(pool)
    assert (row["toestand"], row["code"], row["opnieuw"]) == ("open", "broker-expired", None)
    assert (row["pogingen"], row["aantal"]) == (before["pogingen"] + 1, count)
    assert (row["queue"], row["body"], row["headers"]) == (
        before["queue"],
        before["body"],
        before["headers"],
    )
    (act,) = await pool.fetch("select handeling, door, bijzonderheden from dead_letter_handeling")
    assert tuple(act) == ("refused", "worker", '{"code": "broker-expired"}')
    (event,) = await told(pool)
    assert event[2]["data"]["bericht"] == {
        "applicatie": "callcenter",
        "bron": "urn:applicatie:callcenter",
        "id": "een",
    }


@pytest.mark.parametrize("toestand", ["open", "opgelost", "gearchiveerd"])
async def test_a_retry_that_somebody_dealt_with_meanwhile_is_left_alone(
    pool: Pool, toestand: str
) -> None:
    await refuse(pool, refused(registration("een")))
    await pool.execute("update dead_letter set toestand = $1", toestand)
    before = await only(pool)
    assert outcomes(await put(pool, recalled(before["id"]))) == ["achterhaald"]
    assert await only(pool) == before
    assert await told(pool) == []


async def test_the_death_of_an_earlier_retry_does_not_end_a_later_one(pool: Pool) -> None:
    await refuse(pool, refused(registration("een")))
    letter = (await only(pool))["id"]
    await pool.execute("update dead_letter set toestand = 'hervat'")
    first = recalled(letter, time=NOW)
    await put(pool, first, now=NOW + timedelta(seconds=1))
    await pool.execute("update dead_letter set toestand = 'hervat'")
    assert outcomes(await put(pool, first, now=LATER)) == ["achterhaald"]
    assert (await only(pool))["toestand"] == "hervat"
    second = recalled(letter, time=NOW + timedelta(seconds=5))
    assert outcomes(await put(pool, second, second, now=LATER)) == ["achterhaald", "heropend"]


async def mail_state(pool: Pool) -> tuple[Any, ...]:
    row = await pool.fetchrow("select toestand, opnieuw, antwoord from mail")
    assert row is not None
    return tuple(row)


def job(mail: UUID, reason: str = "expired") -> Delivery:
    queue = "klantcontact.notificatie.email"
    return died(b"mail", queue=queue, reason=reason, message_id=str(mail), user_id=None)


@pytest.mark.parametrize("reason", ["expired", "rejected", "maxlen", "iets anders"])
async def test_a_mail_whose_job_died_is_offered_again_before_its_lease_ends(
    pool: Pool, reason: str
) -> None:
    (mail,) = await post(pool)
    await pool.execute("update mail set toestand = 'aangeboden', opnieuw = $1", LATER)
    assert outcomes(await put(pool, job(mail, reason))) == ["opnieuw aangeboden"]
    assert await mail_state(pool) == ("aangeboden", NOW + PAUSE, None)
    assert await letters(pool) == []


@pytest.mark.parametrize("toestand", ["bezig", "uitgesteld", "verzonden", "onzeker", "mislukt"])
async def test_a_mail_that_is_in_hand_put_off_or_ended_keeps_its_own_time(
    pool: Pool, toestand: str
) -> None:
    (mail,) = await post(pool)
    await pool.execute("update mail set toestand = $1, opnieuw = $2", toestand, LATER)
    assert outcomes(await put(pool, job(mail))) == ["achterhaald"]
    assert await mail_state(pool) == (toestand, LATER, None)


@pytest.mark.parametrize("toestand", ["aangeboden", "bezig", "uitgesteld", "wacht"])
async def test_a_mail_whose_job_came_back_too_often_failed_and_is_a_dead_letter(
    pool: Pool, toestand: str
) -> None:
    (mail,) = await post(pool)
    await pool.execute("update mail set toestand = $1, opnieuw = $2", toestand, LATER)
    assert outcomes(await put(pool, job(mail, "delivery_limit"))) == ["mislukt"]
    state, again, answer = await mail_state(pool)
    assert (state, again) == ("mislukt", None)
    assert "too often" in answer
    row = await only(pool)
    assert (row["code"], row["bericht_id"]) == ("mail-mislukt", str(mail))
    assert "too often" in orjson.loads(row["probleem"])["detail"]
    assert outcomes(await put(pool, job(mail, "delivery_limit"))) == ["achterhaald"]
    assert (await only(pool))["aantal"] == 1


async def test_what_the_database_refuses_takes_its_batch_back(pool: Pool) -> None:
    await pool.execute("alter table dead_letter add check (bericht_id <> 'drie')")
    with pytest.raises(BatchRejected, match="23514"):
        await put(pool, died(message_id="een"), died(message_id="drie"))
    assert await letters(pool) == []


async def test_a_hundred_take_as_many_statements_as_one(database: str, pool: Pool) -> None:
    await post(pool, 1)
    rounds = []
    async with written_down(database) as ran:
        for count in (1, 1, 100):
            await refuse(pool, *(refused(registration(f"h-{count}-{n}")) for n in range(count)))
            await pool.execute("update dead_letter set toestand = 'hervat'")
            ids = await pool.fetch("select id from dead_letter")
            ran.ran.clear()
            await put(
                ran.pool,
                *(died(message_id=f"{uuid7()}") for _ in range(count)),
                *(recalled(row[0]) for row in ids),
                *(job(uuid7()) for _ in range(count)),
            )
            rounds.append(ran.texts)
    assert rounds[1] == rounds[2]
    assert len(rounds[2]) < 20
