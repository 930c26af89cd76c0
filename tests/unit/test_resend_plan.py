from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from worker.domain.facts import Betrokkene, Vertrouwelijkheid, Zaak
from worker.domain.notifications import Soort
from worker.errors import UsageError
from worker.postgres.resend_plan import Anew, Stuck, Wish, plan

SAME, AGAIN, CURRENT = Wish(), Wish(again=True), Wish(current=True)
OLD, NEW = "oud@example.nl", "nieuw@example.nl"
MAIL = Stuck(UUID(int=1), "mislukt", OLD, Soort.TOEGEVOEGD, ["anna"], None, None)
SENT = replace(MAIL, toestand="verzonden")
LETTER = UUID(int=7)


def person(who: str = "anna", email: str | None = OLD, **changes: Any) -> Betrokkene:  # noqa: ANN401 (fields)
    given = {"rol": "initiator", "naam": who.title(), "taal": "nl", "notificaties": True, **changes}
    return Betrokkene(identificatie=who, email=email, **given)


def zaak(*people: Betrokkene, **changes: Any) -> Zaak:  # noqa: ANN401 (fields)
    given = {"notificaties": True, **changes}
    return Zaak(
        identificatie="ZAAK-1",
        zaaktype="bezwaar",
        einddatum=None,
        vertrouwelijkheid=Vertrouwelijkheid.openbaar,
        status=None,
        klantcontacten_toegestaan=True,
        betrokkenen=people,
        **given,
    )


@pytest.mark.parametrize("toestand", ["mislukt", "onzeker"])
def test_a_mail_that_failed_is_sent_again_as_it_was(toestand: str) -> None:
    assert not plan(replace(MAIL, toestand=toestand), zaak(person()), SAME)


@pytest.mark.parametrize(
    "facts", [None, zaak(), zaak(person(notificaties=False)), zaak(person(), notificaties=False)]
)
def test_the_same_mail_is_sent_whatever_the_facts_say_but_another_address(
    facts: Zaak | None,
) -> None:
    assert not plan(MAIL, facts, SAME)


def test_a_mail_that_was_sent_is_sent_anew_to_the_same_address() -> None:
    facts = zaak(person(email="OUD@example.nl", taal="en"), person("kees"))
    assert plan(SENT, facts, AGAIN) == [Anew("OUD@example.nl", "Anna", "en", ["anna"])]


def test_whoever_moved_is_told_at_the_address_of_now() -> None:
    facts = zaak(person(email=NEW))
    assert plan(MAIL, facts, CURRENT) == [Anew(NEW, "Anna", "nl", ["anna"])]
    assert plan(SENT, facts, Wish(again=True, current=True)) == [Anew(NEW, "Anna", "nl", ["anna"])]


def test_of_those_who_shared_an_address_each_who_moved_gets_their_own() -> None:
    shared = replace(MAIL, recipients=["anna", "bob", "carl", "dirk"])
    people = [person(), person("bob", NEW), person("carl", NEW.upper()), person("dirk", "d@x.nl")]
    assert plan(shared, zaak(*people), CURRENT) == [
        Anew(NEW, "Bob", "nl", ["bob", "carl"]),
        Anew("d@x.nl", "Dirk", "nl", ["dirk"]),
    ]
    assert not plan(shared, zaak(*people), SAME)


def test_whoever_stands_in_two_roles_is_at_either_address() -> None:
    facts = zaak(person(email=NEW, rol="gemachtigde"), person())
    assert not plan(MAIL, facts, SAME)
    with pytest.raises(UsageError, match="have no other address"):
        plan(MAIL, facts, CURRENT)


def test_the_alert_of_a_behandelaar_goes_to_nobody_else() -> None:
    alert = replace(MAIL, soort=Soort.BEHANDELAAR)
    facts = zaak(person(email="prive@example.nl"), person(email=NEW, rol="behandelaar"))
    assert [each.adres for each in plan(alert, facts, CURRENT)] == [NEW]


@pytest.mark.parametrize(
    ("mail", "facts", "wish", "says"),
    [
        (replace(MAIL, toestand="wacht"), zaak(person()), SAME, "goes out by itself"),
        (replace(MAIL, toestand="aangeboden"), zaak(person()), SAME, "is on its way"),
        (replace(MAIL, toestand="bezig"), zaak(person()), AGAIN, "is being sent"),
        (replace(MAIL, toestand="uitgesteld"), zaak(person(email=NEW)), CURRENT, "by itself"),
        (SENT, zaak(person()), SAME, "--again sends it once more"),
        (SENT, zaak(person(email=NEW)), CURRENT, "--again sends it once more"),
        (MAIL, zaak(person()), AGAIN, "--again is for mails that were sent, and it is mislukt"),
        (
            replace(MAIL, recipients=[], repeated=UUID(int=2)),
            zaak(person()),
            SAME,
            f"sent anew as mail {UUID(int=2)}",
        ),
        (
            replace(MAIL, letter=(LETTER, "gearchiveerd")),
            zaak(person()),
            SAME,
            f"dead-letters restore {LETTER}",
        ),
        (MAIL, zaak(person(email=NEW)), SAME, "--to-current-address sends a new mail"),
        (SENT, zaak(person(email=NEW)), AGAIN, "--to-current-address sends a new mail"),
        (MAIL, zaak(person()), CURRENT, "have no other address"),
        (MAIL, zaak(person("kees")), CURRENT, "no betrokkene of the zaak any more"),
        (MAIL, None, CURRENT, "no betrokkene of the zaak any more"),
        (SENT, zaak(), AGAIN, "no betrokkene of the zaak any more"),
        (SENT, zaak(person(notificaties=False)), AGAIN, "opted out"),
        (MAIL, zaak(person(email=None)), CURRENT, "no address for its recipient"),
        (MAIL, zaak(person(email="a@b@c")), CURRENT, "no address for its recipient"),
        (SENT, zaak(person(), notificaties=False), AGAIN, "off for its zaaktype, bezwaar"),
        (
            replace(SENT, soort=Soort.BEHANDELAAR),
            zaak(person(rol="behandelaar"), behandelaar=False),
            AGAIN,
            "off for its zaaktype",
        ),
    ],
)
def test_what_cannot_be_sent_again_is_refused_with_what_to_do(
    mail: Stuck, facts: Zaak | None, wish: Wish, says: str
) -> None:
    with pytest.raises(UsageError) as refused:
        plan(mail, facts, wish)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "example.nl" not in str(refused.value)
