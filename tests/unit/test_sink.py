from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson
import pytest
from uuid_utils.compat import uuid7

from tests.contacts import NOW, QUEUE, ZAAK, body
from tests.dying import dead, deaths, died
from tests.fakes import FakeLane, Lines
from tests.suspected import work
from worker.condemned import DEADLY
from worker.deaths import Dead, bare
from worker.errors import BatchRejected, Outage
from worker.formats.content import parse_klantcontact
from worker.sink import Outcome, Sink, Sunk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.envelope import Delivery


@pytest.mark.parametrize(
    ("reason", "code", "said"),
    [
        ("rejected", "broker-rejected", "rejected it"),
        ("expired", "broker-expired", "in time"),
        ("maxlen", "broker-maxlen", "full"),
        ("delivery_limit", "broker-delivery_limit", "too often"),
        ("iets anders", "broker-unknown", "no reason"),
        (None, "broker-unknown", "no reason"),
        (["rejected"], "broker-unknown", "no reason"),
    ],
)
def test_the_code_is_the_brokers_reason_and_the_detail_says_what_to_do(
    reason: object, code: str, said: str
) -> None:
    rejection = dead(died(reason=reason)).rejection
    assert rejection.code == code
    assert said in rejection.violations[0].detail
    assert rejection.violations[0].detail.endswith("then retry it")


@pytest.mark.parametrize(
    ("queue", "kept", "remedy"),
    [
        (QUEUE, QUEUE, "retry it"),
        ("klantcontact.zaken", "klantcontact.zaken", "retry it"),
        ("klantcontact.bounce", "klantcontact.bounce", "archive this"),
        ("klantcontact.hervat", "klantcontact.hervat", "archive this"),
        ("antwoord.callcenter.1", "klantcontact.dlq", "archive this"),
        (["klantcontact.zaken"], "klantcontact.dlq", "archive this"),
        (None, "klantcontact.dlq", "archive this"),
    ],
)
def test_the_queue_is_the_one_it_died_on_if_that_is_one_of_ours(
    queue: object, kept: str, remedy: str
) -> None:
    rejection = dead(died(message_id="geen id", queue=queue)).rejection
    assert rejection.delivery.queue == kept
    assert rejection.violations[0].detail.endswith(remedy)


@pytest.mark.parametrize("forged", [None, "x", {}, [], ["x"], [None], {"queue": QUEUE}, 7])
def test_what_is_no_word_of_the_brokers_tells_nothing(forged: object) -> None:
    rejection = dead(died(x_death=forged)).rejection
    assert (rejection.code, rejection.delivery.queue) == ("broker-unknown", "klantcontact.dlq")


def test_only_the_newest_death_counts() -> None:
    forged = {"reason": "expired", "queue": "klantcontact.zaken", "count": 1}
    newest = {"reason": "rejected", "queue": QUEUE, "count": 1}
    sent = died(x_death=[newest, forged], headers={"x-first-death-reason": "maxlen"})
    rejection = dead(sent).rejection
    assert (rejection.code, rejection.delivery.queue) == ("broker-rejected", QUEUE)
    assert rejection.delivery.headers == sent.headers


def test_a_klantcontact_has_the_key_the_digest_and_the_zaak_that_the_intake_gives_it() -> None:
    sent = died(body(), message_id="een")
    rejection = dead(sent).rejection
    assert rejection.envelope is not None
    assert rejection.envelope.key == ("callcenter", "urn:applicatie:callcenter", "een")
    assert rejection.digest == parse_klantcontact(body()).digest()
    assert (rejection.zaak, rejection.identity) == (ZAAK, None)
    assert dead(sent).told


@pytest.mark.parametrize("content", [b"{", b"", b"\x00\xff", b"[" * 5000, body(type="fax")])
def test_what_cannot_be_read_is_known_by_its_bytes(content: bytes) -> None:
    rejection = dead(died(content)).rejection
    assert rejection.digest == sha256(content).digest()
    assert rejection.delivery.body == content


def test_the_zaak_of_what_has_a_wrong_field_is_read_all_the_same() -> None:
    assert dead(died(body(type="fax"))).rejection.zaak == ZAAK


def test_an_event_of_another_type_is_known_by_its_own_id() -> None:
    event = {"specversion": "1.0", "type": "nl.overheid.iets-anders", "source": "urn:x", "id": "7"}
    for queue in (QUEUE, "klantcontact.zaken"):
        death = {"reason": "expired", "queue": queue, "count": 1}
        content_type = "application/cloudevents+json"
        sent = died(orjson.dumps(event), x_death=[death], content_type=content_type)
        rejection = dead(sent).rejection
        assert (rejection.source, rejection.message_id) == ("urn:x", "7")


def test_facts_are_told_apart_as_the_intake_of_facts_does() -> None:
    sent = died(b"{}", queue="klantcontact.zaken", user_id="zaaksysteem")
    found = dead(sent)
    assert (found.rejection.envelope, found.told) == (None, False)
    assert found.rejection.digest == sha256(b"{}").digest()


def test_a_message_without_a_time_is_of_the_moment_at_which_it_died() -> None:
    moment = NOW - timedelta(days=2)
    envelope = dead(died(time=moment)).rejection.envelope
    assert envelope is not None
    assert envelope.time == moment


@pytest.mark.parametrize("time", [NOW + timedelta(hours=1), None, "gisteren", 7])
def test_a_moment_of_death_that_cannot_be_is_that_of_the_sink(time: object) -> None:
    envelope = dead(died(time=time)).rejection.envelope
    assert envelope is not None
    assert envelope.time == NOW


def test_a_retry_and_a_mail_job_stand_for_what_is_on_record() -> None:
    letter, mail = uuid7(), uuid7()
    retry = dead(died(b"", queue="klantcontact.hervat", message_id=str(letter)))
    job = dead(died(b"mail", queue="klantcontact.notificatie.email", message_id=str(mail)))
    assert (retry.dead_letter, retry.mail) == (letter, None)
    assert (job.dead_letter, job.mail) == (None, mail)
    assert dead(died(message_id=str(letter))).dead_letter is None


@dataclass
class FakeStore:
    """Keeps what it is given; `rejects` says what the database refuses."""

    rejects: Callable[[Dead], bool] = lambda _: False
    error: Exception = field(default_factory=lambda: BatchRejected("SQLSTATE 22021"))
    kept: list[Dead] = field(default_factory=list)

    async def put(self, dead: Sequence[Dead], now: datetime) -> list[Sunk]:
        assert now == NOW
        if any(map(self.rejects, dead)):
            raise self.error
        self.kept += dead
        return [Sunk(Outcome.KEPT, each.rejection.id) for each in dead]


async def sink(store: FakeStore, *batch: Delivery) -> tuple[Lines, FakeLane]:
    lines, lane = Lines(), FakeLane([list(batch)])
    await work(Sink(store, deaths(lines.log), lambda: NOW, lines.log), lane)
    return lines, lane


async def test_each_message_leaves_one_line_without_any_of_its_values() -> None:
    store = FakeStore()
    lines, lane = await sink(store, died(body(toelichting="GEHEIM"), message_id="een"))
    assert lane.settled == 1
    assert lines.all == [
        {
            "event": "dead_letter",
            "level": "info",
            "outcome": "bewaard",
            "code": "broker-rejected",
            "queue": QUEUE,
            "bericht": "een",
            "applicatie": "callcenter",
            "dead_letter": str(store.kept[0].rejection.id),
        }
    ]


async def test_one_that_the_database_refuses_is_kept_bare_and_the_others_as_they_are() -> None:
    batch = [died(message_id=f"m-{number}") for number in range(7)]
    store = FakeStore(rejects=_is_third_with_headers)
    lines, lane = await sink(store, *batch)
    assert lane.settled == 1
    kept = {each.rejection.delivery.message_id: each.rejection for each in store.kept}
    assert len(store.kept) == len(kept) == 7
    third = kept["m-3"]
    assert (third.delivery.headers, third.delivery.body) == ({}, batch[3].body)
    assert (third.delivery.queue, third.code) == (QUEUE, "broker-rejected")
    assert kept["m-4"].delivery.headers == batch[4].headers
    (line,) = lines.of("onverwacht")
    assert (line["bericht"], line["reden"]) == ("m-3", "SQLSTATE 22021")


async def test_a_defect_stops_none_of_the_others_either() -> None:
    store = FakeStore(rejects=_is_third_with_headers, error=ZeroDivisionError("GEHEIM"))
    lines, lane = await sink(store, *(died(message_id=f"m-{number}") for number in range(5)))
    assert (len(store.kept), lane.settled) == (5, 1)
    assert "GEHEIM" not in str(lines.all)


async def test_one_that_can_be_kept_in_no_form_is_not_acknowledged() -> None:
    lines, lane = Lines(), FakeLane([[died()]])
    story = Sink(FakeStore(rejects=lambda _: True), deaths(lines.log), lambda: NOW, lines.log)
    with pytest.raises(Outage, match="onverwacht"):
        await work(story, lane)
    assert lane.settled == 0


async def test_in_an_outage_nothing_is_acknowledged_and_nothing_is_halved() -> None:
    lines, lane = Lines(), FakeLane([[died(), died()]])
    store = FakeStore(rejects=lambda _: True, error=Outage("down"))
    with pytest.raises(Outage, match="down"):
        await work(Sink(store, deaths(lines.log), lambda: NOW, lines.log), lane)
    assert (lane.settled, lines.all) == (0, [])


async def test_what_is_given_up_is_kept_by_its_bytes_under_the_queue_that_it_died_on() -> None:
    store, lines = FakeStore(), Lines()
    letter = died(b"", queue="klantcontact.hervat", message_id=str(uuid7()))
    batch = [died(message_id="een"), letter, died(queue="van iemand anders")]
    await Sink(store, deaths(lines.log), lambda: NOW, lines.log).condemn(batch)
    assert [each.rejection.delivery.queue for each in store.kept] == [
        QUEUE,
        "klantcontact.hervat",
        "klantcontact.dlq",
    ]
    for sent, kept in zip(batch, store.kept, strict=True):
        rejection = kept.rejection
        assert (rejection.envelope, rejection.zaak, rejection.violations) == (None, None, (DEADLY,))
        assert rejection.digest == sha256(sent.body).digest()
        # With its headers, and so its token: it can be retried.
        assert rejection.delivery.headers == sent.headers
        assert (kept.moment, kept.dead_letter, kept.mail, kept.told) == (NOW, None, None, False)
    assert [line["code"] for line in lines.of("dead_letter")] == ["onverwacht"] * 3


def test_what_is_left_of_a_retry_that_cannot_be_kept_stands_for_itself() -> None:
    sent = died(b"", queue="klantcontact.hervat", message_id=str(uuid7()))
    left = bare(dead(sent))
    assert (left.dead_letter, left.rejection.delivery.message_id) == (None, sent.message_id)


def _is_third_with_headers(each: Dead) -> bool:
    delivery = each.rejection.delivery
    return delivery.message_id == "m-3" and bool(delivery.headers)
