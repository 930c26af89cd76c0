"""A dead letter that comes back is judged anew, once, by what was proven when it first came."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest

from tests.contacts import NOW, ZAAK, body, contact, delivery
from tests.facts import autorisatie, fill, zaak, zaaktype
from tests.resuming import ZAKEN, Resuming
from tests.tokens import CLIENT, Refusing, zgw
from worker.authentication import body_digest
from worker.envelope import Delivery
from worker.formats import REGISTREREN
from worker.postgres.pool import transaction
from worker.postgres.resuming import hold
from worker.postgres.stored import load
from worker.unpacking import resumed_from

if TYPE_CHECKING:
    from uuid import UUID

    from worker.postgres.pool import Pool

LATER = NOW + timedelta(days=30)


@pytest.fixture
async def resuming(pool: Pool) -> Resuming:
    await fill(pool)
    return Resuming(pool)


async def _refused(resuming: Resuming, reply_to: str | None = None) -> UUID:
    """A message that the zaaktype does not allow, until the process owner switches it on."""
    await fill(resuming.pool, zaaktype(klantcontactenToegestaan=False), time=NOW)
    return await resuming.take(delivery(reply_to=reply_to))


async def _allow(resuming: Resuming) -> None:
    await fill(resuming.pool, zaaktype(), time=NOW + timedelta(seconds=1))


async def test_what_is_right_by_now_is_registered_and_resolved(resuming: Resuming) -> None:
    letter = await _refused(resuming, reply_to="antwoord.callcenter.1")
    await _allow(resuming)
    resuming.moment = LATER
    await resuming.retry(letter, opnieuw=LATER)
    (contact,) = await resuming.contacts()
    row = await resuming.letter(letter)
    assert (row["toestand"], row["klantcontact"]) == ("opgelost", contact["id"])
    assert (row["laatste"], row["opnieuw"]) == (LATER, None)
    assert await resuming.types("antwoord") == ["afgewezen", "geregistreerd"]


async def test_a_retry_names_a_property_that_could_not_be_decoded(resuming: Resuming) -> None:
    sent = delivery(message_id=None, unreadable={"message_id": "is not UTF-8"})
    await resuming.intake.take([sent])
    letter = await resuming.pool.fetchval("select id from dead_letter")
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert row["pogingen"] == 2
    assert orjson.loads(row["probleem"])["detail"] == "message_id is not UTF-8"


async def test_an_attempt_that_succeeds_is_one_and_no_other_occurrence(resuming: Resuming) -> None:
    letter = await _refused(resuming)
    await _allow(resuming)
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["pogingen"], row["aantal"]) == ("opgelost", 2, 1)


async def test_an_attempt_that_succeeds_under_another_id_is_one_too(resuming: Resuming) -> None:
    letter = await _refused(resuming)
    await _allow(resuming)
    await resuming.retry(letter, nieuw_id="nieuw")
    row = await resuming.letter(letter)
    assert (row["toestand"], row["pogingen"]) == ("opgelost", 2)


async def test_what_is_put_right_by_its_sender_was_no_attempt_of_it(resuming: Resuming) -> None:
    letter = await resuming.take(delivery(body(type="fax"), message_id="een"))
    await resuming.intake.take([delivery(message_id="een")])
    row = await resuming.letter(letter)
    assert (row["toestand"], row["pogingen"]) == ("opgelost", 1)


async def test_what_is_still_wrong_is_open_again_with_its_new_code_and_counts(
    resuming: Resuming,
) -> None:
    letter = await _refused(resuming)
    await fill(resuming.pool, zaaktype(), zaak(einddatum="2026-11-02"), time=NOW + timedelta(1))
    resuming.moment = LATER
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"], row["veld"]) == ("open", "zaak-afgesloten", "zaak")
    assert (row["aantal"], row["pogingen"], row["laatste"]) == (2, 2, LATER)
    assert orjson.loads(row["probleem"])["instance"] == f"urn:uuid:{letter}"
    assert await resuming.types() == ["afgewezen", "afgewezen"]
    (act,) = await resuming.pool.fetch("select * from dead_letter_handeling")
    assert (act["dead_letter"], act["handeling"], act["door"]) == (letter, "refused", "worker")
    assert orjson.loads(act["bijzonderheden"]) == {"code": "zaak-afgesloten"}


async def test_one_that_is_called_back_many_times_at_once_is_registered_once(
    resuming: Resuming,
) -> None:
    letter = await _refused(resuming)
    await _allow(resuming)
    await resuming.set(letter, toestand="hervat")
    await asyncio.gather(*(resuming.recall(letter, letter) for _ in range(4)))
    assert len(await resuming.contacts()) == 1
    assert await resuming.pool.fetchval("select count(*) from mail") == 1
    assert await resuming.types() == ["afgewezen", "geregistreerd"]


async def test_one_that_is_called_back_many_times_at_once_is_refused_once(
    resuming: Resuming,
) -> None:
    letter = await _refused(resuming)
    await resuming.set(letter, toestand="hervat")
    await asyncio.gather(*(resuming.recall(letter) for _ in range(4)))
    row = await resuming.letter(letter)
    assert (row["toestand"], row["pogingen"], row["aantal"]) == ("open", 2, 2)
    assert await resuming.pool.fetchval("select count(*) from bericht") == 0


@pytest.mark.parametrize("toestand", ["open", "gearchiveerd", "opgelost"])
async def test_what_somebody_dealt_with_meanwhile_is_left_alone(
    resuming: Resuming, toestand: str
) -> None:
    letter = await _refused(resuming)
    await _allow(resuming)
    await resuming.set(letter, toestand=toestand)
    await resuming.recall(letter)
    assert (await resuming.letter(letter))["toestand"] == toestand
    assert await resuming.contacts() == []


async def test_one_that_is_dealt_with_while_it_is_judged_leaves_no_trace_under_its_key(
    resuming: Resuming,
) -> None:
    letter = await _refused(resuming)
    await _allow(resuming)
    await resuming.set(letter, toestand="hervat")
    stored = await load(resuming.pool, [letter])
    await resuming.set(letter, toestand="gearchiveerd")
    await resuming.intake.retake(stored)
    assert await resuming.contacts() == []
    assert await resuming.pool.fetchval("select count(*) from bericht") == 0
    assert (await resuming.letter(letter))["toestand"] == "gearchiveerd"


async def test_an_attempt_that_somebody_else_made_meanwhile_is_not_due_any_more(
    resuming: Resuming,
) -> None:
    letter = await _refused(resuming)
    await resuming.set(letter, toestand="hervat")
    (stored,) = await load(resuming.pool, [letter])
    await resuming.recall(letter)
    await resuming.set(letter, toestand="hervat")
    async with transaction(resuming.pool) as connection:
        assert await hold(connection, [resumed_from(stored)]) == set()


async def test_what_is_no_id_or_nobody_elses_is_passed_over(resuming: Resuming) -> None:
    await resuming.recall("geen id", uuid4())
    (line,) = resuming.lines.of("hervat")
    assert (line["received"], line["due"]) == (2, 0)


async def test_the_identity_that_was_proven_at_first_stands(resuming: Resuming) -> None:
    letter = await _refused(resuming)
    await _allow(resuming)
    resuming.proofs = Refusing()
    await resuming.retry(letter)
    assert (await resuming.letter(letter))["toestand"] == "opgelost"


async def _given_up(resuming: Resuming, token: str, **content: object) -> UUID:
    """The program ended each time, before anybody looked at the token."""
    sent = delivery(body(**content), headers={"authorization": f"Bearer {token}"})
    await resuming.intake.condemn([sent])
    found: UUID = await resuming.pool.fetchval("select id from dead_letter")
    return found


async def _tokens(resuming: Resuming) -> list[str]:
    rows = await resuming.pool.fetch("select token from wachtend_token")
    return [row[0] for row in rows]


async def test_a_token_that_nobody_judged_stands_apart_and_is_judged_by_a_retry(
    resuming: Resuming,
) -> None:
    token = zgw(issued=NOW.timestamp(), user_id="mdw-0042")
    letter = await _given_up(resuming, token)
    assert token not in (await resuming.letter(letter))["headers"]
    assert await _tokens(resuming) == [f"Bearer {token}"]
    await resuming.retry(letter)
    assert (await resuming.letter(letter))["toestand"] == "opgelost"
    assert await _tokens(resuming) == []


async def test_a_token_that_proves_something_at_last_goes_and_its_claims_stay(
    resuming: Resuming,
) -> None:
    token = zgw(issued=NOW.timestamp(), user_id="mdw-0042")
    letter = await _given_up(resuming, token, zaak="Z-0")
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"]) == ("open", "zaak-onbekend")
    assert token not in row["headers"]
    assert token.rpartition(".")[0] in row["headers"]
    assert orjson.loads(row["identiteit"])["client"] == CLIENT
    assert await _tokens(resuming) == []


async def test_a_token_that_proves_nothing_goes_at_once(resuming: Resuming) -> None:
    token = zgw(issued=NOW.timestamp(), user_id="mdw-0042")
    letter = await _given_up(resuming, token)
    good, resuming.proofs = resuming.proofs, Refusing()
    await resuming.retry(letter)
    assert await _tokens(resuming) == []
    resuming.proofs = good
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"]) == ("open", "opvoerder-niet-geauthenticeerd")
    assert "a dead letter keeps none" in row["probleem"]


async def test_a_token_goes_with_the_archiving_of_its_dead_letter(resuming: Resuming) -> None:
    letter = await _given_up(resuming, zgw(issued=NOW.timestamp(), user_id="mdw-0042"))
    await resuming.set(letter, toestand="gearchiveerd")
    assert await _tokens(resuming) == []


async def test_what_an_edit_made_of_it_is_registered_and_the_senders_own_is_known_too(
    resuming: Resuming,
) -> None:
    sent = delivery(body(zaak="Z-0", toelichting="zoals verzonden"), message_id="een")
    letter = await resuming.take(sent)
    await resuming.edit(letter, body(toelichting="zoals verbeterd"))
    await resuming.retry(letter)
    (contact,) = await resuming.contacts()
    assert (contact["toelichting"], contact["zaak"]) == ("zoals verbeterd", ZAAK)
    assert (await resuming.letter(letter))["body"] == sent.body

    again = delivery(sent.body, message_id="een", reply_to="antwoord.callcenter.1")
    await resuming.intake.take([again])
    assert len(await resuming.contacts()) == 1
    assert (await resuming.letter(letter))["toestand"] == "opgelost"
    (reply,) = [each for each in await resuming.told() if each["kind"] == "antwoord"]
    assert (reply["data"]["klantcontact"], reply["data"]["zaak"]) == (str(contact["id"]), ZAAK)


async def test_what_could_never_be_read_stays_resolved_when_it_comes_again_as_it_was(
    resuming: Resuming,
) -> None:
    letter = await resuming.take(delivery(b"{", message_id="een"))
    await resuming.edit(letter, body())
    await resuming.retry(letter)
    assert (await resuming.letter(letter))["toestand"] == "opgelost"
    await resuming.take(delivery(b"{", message_id="een"))
    row = await resuming.letter(letter)
    assert (row["toestand"], row["aantal"]) == ("opgelost", 2)


async def test_an_edit_that_is_still_wrong_goes_back_to_the_same_dead_letter(
    resuming: Resuming,
) -> None:
    letter = await resuming.take(delivery(b"{"))
    await resuming.edit(letter, body(zaak="Z-0"))
    await resuming.retry(letter)
    rows = await resuming.pool.fetch("select id, code, zaak from dead_letter")
    assert [tuple(row) for row in rows] == [(letter, "zaak-onbekend", "Z-0")]


async def test_a_problem_says_in_which_version_of_the_content_it_was_found(
    resuming: Resuming,
) -> None:
    letter = await resuming.take(delivery(b"{"))
    assert "versie" not in orjson.loads((await resuming.letter(letter))["probleem"])
    await resuming.edit(letter, body(zaak="Z-0"))
    await resuming.retry(letter)
    assert orjson.loads((await resuming.letter(letter))["probleem"])["versie"] == 1


async def test_what_its_sender_sends_once_more_is_judged_as_it_came(resuming: Resuming) -> None:
    letter = await resuming.take(delivery(b"{", message_id="een"))
    await resuming.edit(letter, body(zaak="Z-0"))
    await resuming.retry(letter)
    await resuming.take(delivery(b"{", message_id="een"))
    row = await resuming.letter(letter)
    assert (row["code"], "versie" in orjson.loads(row["probleem"])) == ("bericht-onleesbaar", False)


async def test_an_edit_of_what_came_without_an_id_asks_for_a_new_one(resuming: Resuming) -> None:
    await resuming.intake.take([delivery(b"{", message_id=None)])
    letter = await resuming.pool.fetchval("select id from dead_letter")
    await resuming.edit(letter, body())
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert row["toestand"] == "open"
    assert "--new-id" in orjson.loads(row["probleem"])["errors"][0]["detail"]
    await resuming.retry(letter, nieuw_id="nieuw")
    assert (await resuming.letter(letter))["toestand"] == "opgelost"


async def test_nobody_is_made_the_sender_of_what_came_from_nobody(resuming: Resuming) -> None:
    letter = await resuming.take(delivery(user_id=None))
    await resuming.edit(letter, body())
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["code"]) == ("open", "applicatie-onbekend")


@pytest.mark.parametrize("bound", [False, True])
async def test_another_id_makes_another_contact_of_it(resuming: Resuming, bound: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    content = body(toelichting="een ander")
    digest = body_digest(content) if bound else None
    token = zgw(issued=NOW.timestamp(), user_id="mdw-0042", digest=digest)
    headers = {"authorization": f"Bearer {token}"}
    await resuming.intake.take([delivery(message_id="een")])
    letter = await resuming.take(delivery(content, message_id="een", headers=headers))
    assert (await resuming.letter(letter))["code"] == "bericht-id-hergebruikt"
    await resuming.retry(letter, nieuw_id="twee")
    rows = await resuming.pool.fetch("select bericht_id, klantcontact from bericht order by 1")
    assert [row[0] for row in rows] == ["een", "twee"]
    assert (await resuming.letter(letter))["klantcontact"] == rows[1][1]


async def test_another_id_holds_where_the_content_has_one_of_its_own(resuming: Resuming) -> None:
    event = {
        "specversion": "1.0",
        "id": "van het event",
        "source": "urn:nld:oin:00000001823288444000:systeem:kcc",
        "type": REGISTREREN,
        "data": contact(zaak="Z-0"),
    }
    sent = delivery(orjson.dumps(event), content_type="application/cloudevents+json")
    await resuming.intake.take([sent])
    letter = await resuming.pool.fetchval("select id from dead_letter")
    await fill(resuming.pool, zaak(identificatie="Z-0"))
    await resuming.retry(letter, nieuw_id="twee")
    assert await resuming.pool.fetchval("select bericht_id from bericht") == "twee"


async def test_what_came_too_late_is_taken_only_if_somebody_allows_it(resuming: Resuming) -> None:
    sent = {"timestamp": NOW - timedelta(days=8)}
    token = zgw(issued=sent["timestamp"].timestamp(), user_id="mdw-0042")
    headers = {"authorization": f"Bearer {token}"}
    letter = await resuming.take(delivery(body(), headers=headers, **sent))
    assert (await resuming.letter(letter))["code"] == "bericht-verlopen"
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["code"], row["toestand"]) == ("bericht-verlopen", "open")
    await resuming.retry(letter, ook_verlopen=True)
    assert (await resuming.letter(letter))["toestand"] == "opgelost"


async def test_what_a_person_allowed_holds_for_one_attempt(resuming: Resuming) -> None:
    letter = await _refused(resuming)
    await resuming.retry(letter, nieuw_id="twee", ook_verlopen=True)
    row = await resuming.letter(letter)
    assert (row["nieuw_id"], row["ook_verlopen"]) == (None, False)


async def test_two_dead_letters_under_one_key_become_one_contact(resuming: Resuming) -> None:
    await fill(resuming.pool, zaaktype(klantcontactenToegestaan=False), time=NOW)
    letters = [
        await resuming.take(delivery(body(onderwerp=each), message_id="een"))
        for each in ("eerste", "tweede")
    ]
    letters = [
        row[0] for row in await resuming.pool.fetch("select id from dead_letter order by id")
    ]
    await _allow(resuming)
    for each in letters:
        await resuming.set(each, toestand="hervat")
    await resuming.recall(*letters)
    assert len(await resuming.contacts()) == 1
    states = {(await resuming.letter(each))["toestand"] for each in letters}
    assert states == {"opgelost"}


async def _twice_the_same(
    resuming: Resuming, properties: dict[str, Any] | None = None
) -> list[UUID]:
    """Two dead letters of one message: first it was given up unread, then it was refused."""
    sent = delivery(message_id="een", **(properties or {}))
    await resuming.intake.condemn([sent])
    await resuming.take(sent)
    rows = await resuming.pool.fetch("select id from dead_letter order by id")
    assert len(rows) == 2
    return [row[0] for row in rows]


async def test_two_dead_letters_of_what_was_registered_meanwhile_are_both_resolved(
    resuming: Resuming,
) -> None:
    await fill(resuming.pool, zaaktype(klantcontactenToegestaan=False), time=NOW)
    letters = await _twice_the_same(resuming)
    await _allow(resuming)
    kept = await resuming.pool.fetch("select * from wachtend_token")
    await resuming.take(delivery(message_id="een"))
    for each in letters:
        await resuming.set(each, toestand="hervat")
    await resuming.pool.copy_records_to_table("wachtend_token", records=map(tuple, kept))
    await resuming.recall(*letters)
    assert {(await resuming.letter(each))["toestand"] for each in letters} == {"opgelost"}
    assert len(await resuming.contacts()) == 1


async def test_what_is_allowed_for_one_dead_letter_does_not_wait_for_another_of_the_same_message(
    resuming: Resuming,
) -> None:
    sent = NOW - timedelta(days=8)
    token = zgw(issued=sent.timestamp(), user_id="mdw-0042")
    letters = await _twice_the_same(
        resuming, {"timestamp": sent, "headers": {"authorization": f"Bearer {token}"}}
    )
    await resuming.set(letters[0], toestand="hervat")
    await resuming.set(letters[1], toestand="hervat", ook_verlopen=True)
    await resuming.recall(*letters)
    assert {(await resuming.letter(each))["toestand"] for each in letters} == {"opgelost"}


async def test_an_attempt_that_began_before_an_edit_is_not_due_any_more(
    resuming: Resuming,
) -> None:
    letter = await _refused(resuming)
    await resuming.set(letter, toestand="wacht")
    (stored,) = await load(resuming.pool, [letter])
    await resuming.edit(letter, body(toelichting="zoals verbeterd"))
    await _allow(resuming)
    await resuming.intake.retake([stored])
    assert await resuming.contacts() == []
    await resuming.recall(letter)
    assert [each["toelichting"] for each in await resuming.contacts()] == ["zoals verbeterd"]


async def test_a_fact_that_was_refused_is_stored_when_it_comes_again_in_time(
    resuming: Resuming,
) -> None:
    content = orjson.dumps(zaak(identificatie="Z-9", time=(NOW + timedelta(days=1)).isoformat()))
    fact = Delivery(content, ZAKEN, "zaaksysteem", "feit", "application/json")
    await resuming.facts.take([fact])
    letter = await resuming.pool.fetchval("select id from dead_letter")
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["pogingen"], row["veld"]) == ("open", 2, "time")
    resuming.moment = NOW + timedelta(days=2)
    await resuming.retry(letter)
    row = await resuming.letter(letter)
    assert (row["toestand"], row["klantcontact"]) == ("opgelost", None)
    assert await resuming.pool.fetchval("select 1 from zaak where identificatie = 'Z-9'")


async def test_rights_that_were_given_meanwhile_count(resuming: Resuming) -> None:
    await resuming.pool.execute("delete from autorisatie where onderwerp = 'medewerker'")
    letter = await resuming.take(delivery())
    assert (await resuming.letter(letter))["code"] == "opvoerder-niet-geautoriseerd"
    await fill(resuming.pool, autorisatie("medewerker", "mdw-0042"))
    await resuming.retry(letter)
    assert (await resuming.letter(letter))["toestand"] == "opgelost"
