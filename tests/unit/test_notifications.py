from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.contacts import ZAAK
from tests.facts import betrokkene, register, zaak, zaaktype
from tests.known import known
from tests.registrations import registration
from tests.tokens import ROBOT
from worker.domain.notifications import (
    Soort,
    Withheld,
    address_key,
    is_address,
    notifications,
)

_AS_BETROKKENE = {"soort": "betrokkene", "identificatie": "bsn-pseudoniem-1"}


def told(
    *people: dict[str, Any], facts: tuple[dict[str, Any], ...] = (), **contact: object
) -> dict[str, str | None]:
    """Who is told, or why not."""
    register_of = known(*register(), zaak(betrokkenen=list(people)), *facts)
    made = notifications(registration(None, **contact).klantcontact, register_of.zaken[ZAAK])
    return {each.betrokkene.identificatie: each.withheld for each in made}


@pytest.mark.parametrize(
    ("person", "contact", "reason"),
    [
        ({}, {}, None),
        ({"notificaties": False}, {}, Withheld.AFGEMELD),
        ({"email": None}, {}, Withheld.GEEN_ADRES),
        ({"email": ""}, {}, Withheld.GEEN_ADRES),
        ({"email": "geen adres"}, {}, Withheld.ADRES_ONGELDIG),
        ({}, {"opvoerder": _AS_BETROKKENE}, Withheld.OPVOERDER),
        ({"identificatie": "mdw-0042"}, {}, Withheld.OPVOERDER),
        ({}, {"correctie": True, "vervolgOp": str(UUID(int=1))}, Withheld.CORRECTIE),
    ],
)
def test_somebody_involved_is_told_or_there_is_one_reason_why_not(
    person: dict[str, Any], contact: dict[str, Any], reason: Withheld | None
) -> None:
    assert list(told(betrokkene(**person), **contact).values()) == [reason]


def test_nobody_is_told_where_the_process_owner_switched_it_off() -> None:
    off = zaaktype(notificaties=False)
    assert list(told(betrokkene(), facts=(off,)).values()) == [Withheld.ZAAKTYPE]


@pytest.mark.parametrize(
    ("rol", "switched_on", "reason"),
    [
        ("behandelaar", True, None),
        ("behandelaar", False, Withheld.ZAAKTYPE),
        ("initiator", False, None),
    ],
)
def test_a_behandelaar_is_told_unless_the_process_owner_switched_that_off(
    *,
    rol: str,
    switched_on: bool,
    reason: Withheld | None,
) -> None:
    setting = zaaktype(notificatiesBehandelaar=switched_on)
    assert list(told(betrokkene(rol=rol), facts=(setting,)).values()) == [reason]


def test_a_behandelaar_gets_a_mail_of_their_own_kind() -> None:
    people = [betrokkene(), betrokkene(identificatie="mdw-7", rol="behandelaar")]
    facts = known(*register(), zaak(betrokkenen=people))
    made = notifications(registration().klantcontact, facts.zaken[ZAAK])
    assert [each.soort for each in made] == [Soort.TOEGEVOEGD, Soort.BEHANDELAAR]


def test_an_address_that_a_mail_came_back_from_is_told_nothing_more() -> None:
    facts = known(*register(), zaak(betrokkenen=[betrokkene()])).zaken[ZAAK]
    back = replace(facts, betrokkenen=(replace(facts.betrokkenen[0], onbestelbaar=True),))
    (made,) = notifications(registration().klantcontact, back)
    assert made.withheld is Withheld.ADRES_ONGELDIG


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Burger@Example.NL", "burger@example.nl", True),
        ("burger@example.nl", "burgers@example.nl", False),
        ("\u00c9va@example.nl", "\u00e9va@example.nl", False),
    ],
)
def test_addresses_are_compared_without_case_in_ascii(*, one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same


def test_every_reason_occurs() -> None:
    everything = {
        *told(betrokkene(notificaties=False)).values(),
        *told(betrokkene(email=None)).values(),
        *told(betrokkene(email="x")).values(),
        *told(betrokkene(identificatie="mdw-0042")).values(),
        *told(betrokkene(), facts=(zaaktype(notificaties=False),)).values(),
        *told(betrokkene(), correctie=True).values(),
    }
    assert everything == set(Withheld)


def test_one_who_cannot_be_told_stops_nobody_else() -> None:
    people = [
        betrokkene(email="x"),
        betrokkene(identificatie="a", notificaties=False),
        betrokkene(identificatie="b"),
    ]
    assert list(told(*people).values()) == [Withheld.ADRES_ONGELDIG, Withheld.AFGEMELD, None]


@pytest.mark.parametrize("turned", [False, True], ids=["first role", "second role"])
def test_who_has_two_roles_is_told_once_if_either_will_do(*, turned: bool) -> None:
    roles = [betrokkene(email=None), betrokkene(rol="gemachtigde")]
    assert told(*(reversed(roles) if turned else roles)) == {"bsn-pseudoniem-1": None}


def test_who_can_be_told_in_no_role_is_not_told_for_the_reason_of_the_first() -> None:
    roles = [betrokkene(email=None), betrokkene(rol="gemachtigde", notificaties=False)]
    assert told(*roles) == {"bsn-pseudoniem-1": Withheld.GEEN_ADRES}


def test_two_at_one_address_are_two_who_are_told() -> None:
    assert told(betrokkene(), betrokkene(identificatie="partner")) == {
        "bsn-pseudoniem-1": None,
        "partner": None,
    }


def test_a_system_with_the_name_of_somebody_involved_is_somebody_else() -> None:
    system = {"soort": "geautomatiseerde_actor", "identificatie": ROBOT}
    assert told(betrokkene(identificatie=ROBOT), opvoerder=system) == {ROBOT: None}


def test_without_a_zaak_there_is_nobody_to_tell() -> None:
    assert notifications(registration(zaak=...).klantcontact, None) == ()


@pytest.mark.parametrize(
    "address", ["a@b", "burger@example.nl", "x" * 64 + "@" + "d" * 189, "a@münchen.de", "a+b.c@d.e"]
)
def test_it_is_an_address(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "burger",
        "@example.nl",
        "burger@",
        "a b@example.nl",
        "a@b@c",
        "é@example.nl",
        "a@b\r\nBcc: c@d",
        "<a@b>",
        "a@b,c@d",
        "x" * 64 + "@" + "d" * 190,
        "x" * 65 + "@example.nl",
    ],
)
def test_it_is_no_address(address: str) -> None:
    assert not is_address(address)
