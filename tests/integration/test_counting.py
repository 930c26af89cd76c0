from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

from tests.contacts import NOW
from worker import metrics
from worker.counting import Counts, tell
from worker.postgres.counting import PostgresCounts
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from worker.postgres.pool import Pool

MINUTE = timedelta(minutes=1)


async def _outbox(pool: Pool, *due: timedelta, parked: bool = False) -> None:
    async with transaction(pool) as connection:
        await connection.executemany(
            "insert into outbox (id, soort, onderwerp, beschikbaar, geparkeerd)"
            " values ($1, 'mail', $1, $2, $3)",
            [(uuid7(), NOW + each, NOW if parked else None) for each in due],
        )


async def test_an_empty_database_has_nothing_that_waits(pool: Pool) -> None:
    assert await PostgresCounts(pool).counts(NOW) == Counts()


async def test_rows_of_the_outbox_are_counted_once_they_are_due(pool: Pool) -> None:
    await _outbox(pool, -3 * MINUTE, -MINUTE, MINUTE)
    await _outbox(pool, -9 * MINUTE, parked=True)
    assert await PostgresCounts(pool).counts(NOW) == Counts(
        outbox=2, outbox_since=NOW - 3 * MINUTE, parked=1
    )


async def test_mails_are_counted_by_state_but_for_those_that_are_sent(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await connection.executemany(
            "insert into mail (id, zaak, adres, naam, taal, toestand, gemaakt)"
            " values ($1, 'Z', 'x@example.nl', 'x', 'nl', $2, now())",
            [(uuid7(), toestand) for toestand in ("mislukt", "mislukt", "verzonden")],
        )
    assert (await PostgresCounts(pool).counts(NOW)).notifications == {"mislukt": 2}


async def test_dead_letters_are_counted_by_code_and_state_and_the_oldest_that_waits_is_found(
    pool: Pool,
) -> None:
    async with transaction(pool) as connection:
        await connection.executemany(
            """
            insert into dead_letter
                (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest,
                 headers, body, eerste, laatste, opnieuw)
            values ($1, $2, $3, '{}', 'q', 'a', 'b', gen_random_uuid()::text, '\\x00',
                 '{}', '', $4, $4, $5)
            """,
            [
                (uuid7(), "open", "ongeldig", NOW - MINUTE, None),
                (uuid7(), "open", "ongeldig", NOW - MINUTE, None),
                (uuid7(), "opgelost", "ongeldig", NOW - MINUTE, None),
                (uuid7(), "wacht", "zaak-onbekend", NOW - 7 * MINUTE, NOW + 2 * MINUTE),
                (uuid7(), "wacht", "zaak-onbekend", NOW - 5 * MINUTE, NOW + MINUTE),
            ],
        )
    found = await PostgresCounts(pool).counts(NOW)
    assert found.dead_letters == {("ongeldig", "open"): 2, ("zaak-onbekend", "wacht"): 2}
    assert found.waiting_since == NOW - 7 * MINUTE


async def test_what_is_looked_up_is_told(pool: Pool) -> None:
    del pool
    counts = Counts(
        outbox=3,
        outbox_since=NOW - MINUTE,
        parked=1,
        notifications={"mislukt": 2},
        dead_letters={("zaak-onbekend", "open"): 4},
        waiting_since=NOW - 2 * MINUTE,
    )
    tell(Counts(notifications={"onzeker": 1}), NOW)
    tell(counts, NOW)
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in metrics.REGISTRY.collect()
        for sample in metric.samples
    }
    assert told["klantcontact_outbox_rows",] == 3
    assert told["klantcontact_outbox_oldest_seconds",] == 60
    assert told["klantcontact_outbox_parked_rows",] == 1
    assert told["klantcontact_notifications", "mislukt"] == 2
    assert told["klantcontact_dead_letters", "zaak-onbekend", "open"] == 4
    assert told["klantcontact_waiting_oldest_seconds",] == 120
    # What is there no more is told no more.
    assert ("klantcontact_notifications", "onzeker") not in told
