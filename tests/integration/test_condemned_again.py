"""A dead letter that ends the program each time that it is judged anew goes back, unread."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.contacts import NOW, ZAAK, body, delivery
from tests.facts import fill, zaaktype
from tests.fakes import FakeAttempts, FakeLane
from tests.resuming import ZAKEN, Resuming, recalled
from tests.suspected import DiedError, again, live_on, suspects
from tests.tokens import FixedProofs
from worker.condemned import DEADLY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any
    from uuid import UUID

    from worker.domain.identity import Identity
    from worker.postgres.pool import Pool

LATER = NOW + timedelta(days=30)


class Deadly(FixedProofs):
    """The process dies of whatever it is asked about."""

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        del headers, body
        raise DiedError


@pytest.fixture
async def resuming(pool: Pool) -> Resuming:
    await fill(pool)
    return Resuming(pool)


async def refused(resuming: Resuming, reply_to: str | None = None) -> UUID:
    """A message that the zaaktype does not allow."""
    await fill(resuming.pool, zaaktype(klantcontactenToegestaan=False), time=NOW)
    return await resuming.take(delivery(reply_to=reply_to))


async def test_it_is_open_again_with_its_reason_and_its_sender_is_told(resuming: Resuming) -> None:
    letter = await refused(resuming, reply_to="antwoord.callcenter.1")
    before = await resuming.letter(letter)
    await resuming.set(letter, toestand="hervat")
    resuming.moment = LATER
    await resuming.condemn(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"], row["veld"]) == ("open", "onverwacht", "-")
    assert (row["pogingen"], row["aantal"], row["laatste"]) == (2, 2, LATER)
    problem = orjson.loads(row["probleem"])
    assert (problem["detail"], problem["instance"]) == (DEADLY.detail, f"urn:uuid:{letter}")
    for name in ("body", "headers", "identiteit", "digest", "zaak"):
        assert row[name] == before[name]
    assert await resuming.types("antwoord") == ["afgewezen", "afgewezen"]
    (act,) = await resuming.pool.fetch("select handeling, door from dead_letter_handeling")
    assert tuple(act) == ("refused", "worker")


async def test_one_that_waits_for_its_zaak_waits_no_more(resuming: Resuming) -> None:
    resuming.deferrals = [timedelta(hours=1)]
    letter = await resuming.take(delivery(body(zaak="ZAAK-2026-0000009")))
    assert (await resuming.letter(letter))["toestand"] == "wacht"
    await resuming.condemn(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"], row["opnieuw"]) == ("open", "onverwacht", None)


async def test_a_fact_goes_back_as_well(resuming: Resuming) -> None:
    sent = delivery(b"{", queue=ZAKEN, user_id="zaaksysteem", message_id="feit")
    await resuming.facts.take([sent])
    letter = await resuming.pool.fetchval("select id from dead_letter")
    await resuming.set(letter, toestand="hervat")
    await resuming.condemn(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"], row["pogingen"]) == ("open", "onverwacht", 2)
    (act,) = await resuming.pool.fetch("select dead_letter, handeling from dead_letter_handeling")
    assert tuple(act) == (letter, "refused")


async def test_what_somebody_dealt_with_meanwhile_is_left_alone(resuming: Resuming) -> None:
    letter = await refused(resuming)
    await resuming.set(letter, toestand="gearchiveerd")
    before = await resuming.letter(letter)
    await resuming.condemn(letter)
    assert await resuming.letter(letter) == before


async def test_a_retry_by_a_person_starts_a_new_count_and_a_better_version_registers_it(
    resuming: Resuming,
) -> None:
    await resuming.intake.condemn([delivery(message_id="een")])
    letter = await resuming.pool.fetchval("select id from dead_letter")
    attempts = FakeAttempts()
    for times in (1, 2):
        resuming.proofs = Deadly()
        await resuming.set(letter, toestand="hervat")
        deaths = await live_on(resuming.resumption, attempts, [recalled(letter)])
        row = await resuming.letter(letter)
        assert (row["toestand"], row["code"]) == ("open", "onverwacht")
        assert (row["aantal"], deaths, attempts.made) == (1 + times, 7, {})
    resuming.proofs = FixedProofs()
    await resuming.set(letter, toestand="hervat")
    lane = FakeLane([again([recalled(letter)])])
    await suspects().run(lane, resuming.resumption, attempts)
    (contact,) = await resuming.contacts()
    row = await resuming.letter(letter)
    assert (row["toestand"], row["klantcontact"]) == ("opgelost", contact["id"])
    assert contact["zaak"] == ZAAK
