"""What others are told of an outcome, and where a reply may go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.contacts import NOW, TOELICHTING, ZAAK, delivery
from tests.facts import register
from tests.known import known
from tests.registering import SOURCE
from tests.registrations import accepted, refused, registration, unreadable
from worker.errors import Code, Violation
from worker.outcomes import AFGEWEZEN, GEREGISTREERD, Announcer, Event, Reply, may_be_answered
from worker.registration import Repetition

if TYPE_CHECKING:
    from worker.envelope import Delivery, Rejection
    from worker.outcomes import Announcement
    from worker.registration import Registration

ANNOUNCER = Announcer(SOURCE)
KEPT = UUID(int=9)
ASKED = {"reply_to": "antwoord.callcenter.1", "correlation_id": "c-1"}


def content(told: Announcement) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(told.content)
    return document


def test_a_registration_is_an_event_with_ids_and_nothing_else() -> None:
    asked = registration("een")
    (event,) = ANNOUNCER.registered(accepted(asked, known(*register())), NOW)
    assert isinstance(event, Event)
    assert content(event) == {
        "specversion": "1.0",
        "id": str(asked.id),
        "source": SOURCE,
        "type": GEREGISTREERD,
        "subject": str(asked.id),
        "time": NOW.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "klantcontact": str(asked.id),
            "zaak": ZAAK,
            "bericht": {
                "applicatie": "callcenter",
                "bron": "urn:applicatie:callcenter",
                "id": "een",
            },
        },
    }


def test_a_refusal_is_an_event_with_its_problem() -> None:
    asked = registration("een")
    (event,) = ANNOUNCER.refused(refused(asked), KEPT, NOW)
    told = content(event)
    assert (told["type"], told["subject"]) == (AFGEWEZEN, "een")
    assert told["data"]["probleem"]["instance"] == f"urn:uuid:{KEPT}"
    assert told["data"]["probleem"]["errors"] == [
        {"code": "bericht-ongeldig", "field": "type", "detail": "because"}
    ]


def test_the_official_package_takes_the_events_as_cloudevents() -> None:
    asked = registration("een")
    good = ANNOUNCER.registered(accepted(asked, known(*register())), NOW)
    for told in [*good, *ANNOUNCER.refused(refused(asked), KEPT, NOW)]:
        event = JSONFormat().read(CloudEvent, told.content)
        assert event.get_source() == SOURCE
        assert event.get_time() == NOW


def test_a_message_without_an_id_is_told_by_its_dead_letter() -> None:
    told = content(ANNOUNCER.refused(unreadable(delivery(b"{", message_id=None)), KEPT, NOW)[0])
    assert (told["subject"], told["data"]["bericht"]["id"]) == (str(KEPT), None)


def _with_a_field_of_its_own(sent: Delivery) -> Rejection:
    return unreadable(
        sent, Violation(Code.ONGELDIG, "not in the contract", "mevrouw-jansen", made_up=True)
    )


def test_a_field_that_the_sender_made_up_is_named_to_the_sender_alone() -> None:
    event, reply = ANNOUNCER.refused(_with_a_field_of_its_own(delivery(b"{}", **ASKED)), KEPT, NOW)
    assert content(reply)["data"]["probleem"]["errors"][0]["field"] == "mevrouw-jansen"
    assert content(event)["data"]["probleem"]["errors"][0]["field"] is None
    assert b"jansen" not in event.content
    assert content(event)["id"] == content(reply)["id"]


def _asking(queue: str = "antwoord.callcenter.1") -> Registration:
    asked = registration("een")
    sent = replace(asked.delivery, reply_to=queue, correlation_id="c-1")
    return replace(asked, delivery=sent)


def test_who_asks_for_a_reply_is_told_the_same() -> None:
    event, reply = ANNOUNCER.registered(accepted(_asking(), known(*register())), NOW)
    assert isinstance(reply, Reply)
    assert (reply.queue, reply.correlation_id) == ("antwoord.callcenter.1", "c-1")
    assert reply.content == event.content


def test_a_correlation_id_that_no_queue_may_carry_is_left_out() -> None:
    asked = replace(_asking(), delivery=replace(_asking().delivery, correlation_id="c\x00"))
    _, reply = ANNOUNCER.registered(accepted(asked, known(*register())), NOW)
    assert isinstance(reply, Reply)
    assert reply.correlation_id is None


def test_a_repetition_is_answered_and_no_news_for_anybody_else() -> None:
    (reply,) = ANNOUNCER.repeated(Repetition(_asking(), KEPT, ZAAK), NOW)
    assert isinstance(reply, Reply)
    assert (content(reply)["id"], content(reply)["data"]["klantcontact"]) == (str(KEPT),) * 2
    assert ANNOUNCER.repeated(Repetition(registration("een"), KEPT, ZAAK), NOW) == []


@pytest.mark.parametrize(
    ("queue", "allowed"),
    [
        ("antwoord.callcenter.1", True),
        ("amq.rabbitmq.reply-to.g1h2AA5yZXBseUA", True),
        ("antwoord.balie.1", False),
        ("antwoord.callcenter", False),
        ("antwoord.callcenterx.1", False),
        ("klantcontact.hervat", False),
        ("klantcontact.registratie.callcenter", False),
        ("amq.rabbitmq.reply-to", False),
        ("antwoord.callcenter." + "x" * 255, False),
        ("antwoord.callcenter.\x00", False),
        ("", False),
    ],
)
def test_a_reply_goes_to_the_sender_and_to_nobody_else(queue: str, *, allowed: bool) -> None:
    assert may_be_answered(queue, "callcenter") is allowed
    told = ANNOUNCER.registered(accepted(_asking(queue), known(*register())), NOW)
    assert any(isinstance(each, Reply) for each in told) is allowed


def test_who_is_nobody_owns_no_queue() -> None:
    assert not may_be_answered("antwoord.None.1", None)
    assert not may_be_answered("antwoord..1", "")


def test_nothing_that_was_said_is_told() -> None:
    event = ANNOUNCER.registered(accepted(registration(), known(*register())), NOW)[0]
    assert TOELICHTING.encode() not in event.content
    assert b"mdw-0042" not in event.content
