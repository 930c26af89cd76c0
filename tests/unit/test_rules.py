from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contacts import NOW
from tests.facts import betrokkene, zaak, zaaktype
from tests.judged import BAD, GOOD, ask
from worker.domain.decision import Refused, Registered, decide
from worker.domain.question import Policy
from worker.domain.rules import RULES, violations
from worker.errors import Code, Refusal

if TYPE_CHECKING:
    from worker.domain.question import Question


def found(asked: Question) -> list[tuple[str, str | None]]:
    return [(str(each.code), each.field) for each in violations(asked)]


@pytest.mark.parametrize("asked", GOOD.values(), ids=GOOD)
def test_it_is_registered(asked: Question) -> None:
    assert found(asked) == []
    assert isinstance(decide(asked), Registered)


@pytest.mark.parametrize(("asked", "code", "field"), BAD.values(), ids=BAD)
def test_it_is_refused_for_this_reason_alone(asked: Question, code: str, field: str | None) -> None:
    assert found(asked) == [(code, field)]
    assert isinstance(decide(asked), Refused)


def test_every_rule_has_a_case_that_it_alone_refuses() -> None:
    refusing = {rule.__name__ for rule in RULES for asked, *_ in BAD.values() if rule(asked)}
    assert refusing == {rule.__name__ for rule in RULES}


def test_every_reason_is_given_at_once_and_the_first_in_the_published_order_leads() -> None:
    asked = ask(
        zaak(einddatum="2026-11-01"),
        zaaktype(klantcontactenToegestaan=False),
        without="autorisatie",
        toelichting=...,
        datumGezet=(NOW + timedelta(days=1)).isoformat(),
        changes={"time": NOW - timedelta(days=8)},
    )
    reasons = violations(asked)
    assert {each.code for each in reasons} == {
        Code.VERLOPEN,
        Code.OPVOERDER_NIET_GEAUTORISEERD,
        Code.APPLICATIE_NIET_GEAUTORISEERD,
        Code.ZAAK_AFGESLOTEN,
        Code.ZAAKTYPE_STAAT_NIET_TOE,
        Code.INHOUD_ONTBREEKT,
        Code.DATUM_IN_DE_TOEKOMST,
    }
    assert Refusal(*reasons).code is Code.VERLOPEN


def test_a_registration_takes_the_zaak_as_it_is_with_who_is_to_be_told() -> None:
    decision = decide(ask(zaak(betrokkenen=[betrokkene()])))
    assert isinstance(decision, Registered)
    assert decision.zaak is not None
    assert decision.zaak.status is not None
    assert decision.zaak.status.omschrijving == "In behandeling"
    assert [each.withheld for each in decision.notifications] == [None]


@settings(print_blob=True)
@given(
    einddatum=st.none() | st.dates().map(str),
    toegestaan=st.booleans(),
    time=st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=30), NOW.replace(tzinfo=None)),
    toelichting=st.text(max_size=20).filter(lambda text: "\x00" not in text),
    gezet=st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)),  # noqa: DTZ001
)
def test_nothing_is_registered_against_the_rules_whatever_the_facts(
    *, einddatum: str | None, toegestaan: bool, time: datetime, toelichting: str, gezet: datetime
) -> None:
    moment = gezet.replace(tzinfo=NOW.tzinfo)
    asked = ask(
        zaak(einddatum=einddatum),
        zaaktype(klantcontactenToegestaan=toegestaan),
        toelichting=toelichting,
        datumGezet=moment.isoformat(),
        changes={"time": time.replace(tzinfo=NOW.tzinfo)},
    )
    sound = (
        einddatum is None
        and toegestaan
        and bool(toelichting.strip())
        and asked.time >= NOW - timedelta(days=7)
        and moment <= NOW + timedelta(seconds=60)
    )
    assert isinstance(decide(asked), Registered) == sound


@pytest.mark.parametrize(
    ("oldest", "words"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=12), "12 hours"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=30), "0.5 hours"),
    ],
    ids=str,
)
def test_the_greatest_age_is_told_in_hours_where_it_is_not_whole_days(
    oldest: timedelta, words: str
) -> None:
    time = NOW - oldest - timedelta(seconds=1)
    asked = ask(changes={"policy": Policy(oldest_message=oldest), "time": time})
    assert [each.detail for each in violations(asked)] == [f"older than {words}"]
