"""A refused message keeps its own key among the dead letters, and meets nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.contacts import ZAAK, body, contact, delivery
from tests.facts import applicatie, autorisatie, fill
from tests.resuming import Resuming
from worker.formats import REGISTREREN
from worker.postgres.mail_letters import MAIL_SOURCE

if TYPE_CHECKING:
    from worker.envelope import Delivery
    from worker.postgres.pool import Pool

FOREIGN = "urn:applicatie:balie"


@pytest.fixture
async def resuming(pool: Pool) -> Resuming:
    await fill(pool)
    return Resuming(pool)


def event(user_id: str | None = "callcenter", **changes: object) -> Delivery:
    """One that claims to be balie's, though its user is the call center's, unless it is told."""
    fields = {
        "specversion": "1.0",
        "type": REGISTREREN,
        "source": FOREIGN,
        "id": "een",
        "data": contact(),
        **changes,
    }
    content_type = "application/cloudevents+json"
    return delivery(orjson.dumps(fields), content_type=content_type, user_id=user_id)


async def _letters(resuming: Resuming) -> list[dict[str, Any]]:
    rows = await resuming.pool.fetch("select * from dead_letter order by id")
    return [dict(row) for row in rows]


async def test_the_key_is_the_proven_applicatie_with_what_the_message_says(
    resuming: Resuming,
) -> None:
    await resuming.intake.take([event()])
    (row,) = await _letters(resuming)
    assert (row["applicatie"], row["bron"], row["bericht_id"]) == ("callcenter", FOREIGN, "een")
    assert row["zaak"] == ZAAK
    (told,) = await resuming.told()
    assert told["subject"] == "een"
    assert told["data"]["bericht"] == {"applicatie": "callcenter", "bron": FOREIGN, "id": "een"}


async def test_without_a_proven_applicatie_it_cannot_have_the_key_of_a_mail(
    resuming: Resuming,
) -> None:
    await resuming.intake.take([event(None, source=MAIL_SOURCE)])
    (row,) = await _letters(resuming)
    assert (row["applicatie"], row["bron"], row["bericht_id"]) == ("", "", "een")


async def test_sent_again_it_counts_as_the_same(resuming: Resuming) -> None:
    for _ in range(2):
        await resuming.intake.take([event()])
    (row,) = await _letters(resuming)
    assert row["aantal"] == 2


async def test_it_neither_blocks_nor_is_resolved_by_whoever_it_claims_to_be(
    resuming: Resuming,
) -> None:
    await resuming.intake.take([event()])
    known = applicatie("balie", kanaal="callcenter"), autorisatie("applicatie", "balie")
    await fill(resuming.pool, *known)
    await resuming.intake.take([event("balie")])
    (row,) = await _letters(resuming)
    assert row["toestand"] == "open"
    assert len(await resuming.contacts()) == 1


async def test_mended_by_its_sender_under_its_own_name_it_is_resolved(resuming: Resuming) -> None:
    source = "urn:applicatie:callcenter"
    await resuming.intake.take([event(type="nl.overheid.iets-anders", source=source)])
    await resuming.intake.take([event(source=source)])
    (row,) = await _letters(resuming)
    assert row["toestand"] == "opgelost"


async def test_an_edit_makes_a_foreign_source_nobody_elses(resuming: Resuming) -> None:
    await resuming.intake.take([event()])
    (row,) = await _letters(resuming)
    await resuming.edit(row["id"], body(onderwerp="anders"))
    await resuming.retry(row["id"])
    (row,) = await _letters(resuming)
    assert (row["toestand"], row["code"]) == ("open", "kanaal-niet-toegestaan")
    assert await resuming.contacts() == []


async def test_an_edit_puts_an_event_of_a_wrong_type_right_under_its_own_key(
    resuming: Resuming,
) -> None:
    source = "urn:nld:oin:00000000000000000000:systeem:kcc"
    await resuming.intake.take([event(type="nl.overheid.iets-anders", source=source)])
    (row,) = await _letters(resuming)
    await resuming.edit(row["id"], body())
    await resuming.retry(row["id"])
    (kept,) = await resuming.pool.fetch("select applicatie, bron, bericht_id from bericht")
    assert tuple(kept) == ("callcenter", source, "een")


async def test_a_zaak_that_somebody_set_stays_though_the_retry_is_refused_unread(
    resuming: Resuming,
) -> None:
    await resuming.intake.take([event()])
    (row,) = await _letters(resuming)
    await resuming.edit(row["id"], body(zaak="ZAAK-2026-0000002"))
    await resuming.retry(row["id"])
    (row,) = await _letters(resuming)
    assert row["zaak"] == "ZAAK-2026-0000002"
