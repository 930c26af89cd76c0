"""What the shipped templates tell, and what facts can do to them."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages import Page
from tests.rendered import EVERY, FACTS, LINK, SEVERAL, TEMPLATES, VALUES, render
from worker.domain.notifications import Soort
from worker.rendering import Contact, MailFacts, header_text
from worker.rendering.wording import NAMES, values

pytestmark = pytest.mark.unit

every_mail = pytest.mark.parametrize(("soort", "taal"), EVERY)


@pytest.mark.parametrize("soort", Soort)
def test_dutch_and_english_are_shipped(soort: Soort) -> None:
    assert TEMPLATES[soort].talen == ("en", "nl")


def test_an_ordinary_mail_tells_how_when_which_zaak_and_where() -> None:
    mail = render()
    assert mail.onderwerp == "Nieuw contact over zaak ZAAK-2026-0000001"
    for words in (mail.tekst, Page(mail.html).text):
        assert "Beste Voorbeeld Burger," in words
        assert "23 november 2026, telefonisch" in words
        assert "Dakkapel aan de voorkant" in words
        assert "ZAAK-2026-0000001" in words
        assert LINK in words


def test_an_english_mail_is_english() -> None:
    mail = render(taal="en")
    assert mail.taal == "en"
    assert mail.onderwerp == "New contact about case ZAAK-2026-0000001"
    for words in (mail.tekst, Page(mail.html).text):
        assert "Dear Voorbeeld Burger," in words
        assert "23 November 2026, by telephone" in words


@pytest.mark.parametrize("taal", ["fr", "", "NL", "../nl"])
@pytest.mark.parametrize("soort", Soort)
def test_a_language_without_templates_gets_dutch(soort: Soort, taal: str) -> None:
    assert render(soort=soort, taal=taal) == render(soort=soort, taal="nl")
    assert render(soort=soort, taal=taal).taal == "nl"


@pytest.mark.parametrize(
    ("taal", "onderwerp", "contact"),
    [
        ("nl", "Nieuw klantcontact in zaak ZAAK-2026-0000001", "23 november 2026, telefonisch"),
        ("en", "New customer contact in case ZAAK-2026-0000001", "23 November 2026, by telephone"),
    ],
)
def test_the_behandelaar_gets_an_alert_that_points_to_the_dossier(
    taal: str, onderwerp: str, contact: str
) -> None:
    mail = render(soort=Soort.BEHANDELAAR, taal=taal)
    assert mail.onderwerp == onderwerp
    for words in (mail.tekst, Page(mail.html).text):
        for told in (contact, "Dakkapel aan de voorkant", "ZAAK-2026-0000001", LINK):
            assert told in words
        assert re.search("behandelaar|handle", words)
        assert re.search("dossier|case file", words)
    assert len(mail.tekst) < len(render(taal=taal).tekst)


@every_mail
def test_a_mail_cannot_tell_more_than_its_closed_names(soort: Soort, taal: str) -> None:
    """No toelichting, document or name of another can be in a mail: no template is given one."""
    facts = {field.name for field in fields(MailFacts)}
    sent = {"mail", "adres", "moment", "soort"}
    assert facts - sent == {"zaak", "zaak_omschrijving", "naam", "taal", "contacten"}
    assert {field.name for field in fields(Contact)} == {"type", "dag"}
    given = values(taal, FACTS, LINK)
    assert given.keys() == NAMES
    assert [each.keys() for each in given["contacten"]] == [{"soort", "dag"}]  # type: ignore[attr-defined]
    mail = render(soort=soort, taal=taal, adres="gemerkt@example.nl")
    assert "gemerkt" not in mail.onderwerp + mail.tekst + mail.html
    assert FACTS.mail.hex not in mail.html


@pytest.mark.parametrize(
    ("kind", "dutch", "english"),
    [
        ("click", "via de website", "through the website"),
        ("call", "telefonisch", "by telephone"),
        ("face", "aan de balie", "at the desk"),
        ("mail", "per post", "by post"),
        ("e-mail", "per e-mail", "by e-mail"),
    ],
)
def test_every_kind_of_contact_has_its_words(kind: str, dutch: str, english: str) -> None:
    contacten = (Contact(kind, date(2026, 1, 2)),)
    assert f"- 2 januari 2026, {dutch}\n" in render(contacten=contacten).tekst
    assert f"- 2 January 2026, {english}\n" in render(contacten=contacten, taal="en").tekst


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_is_written_out_whatever_the_locale_of_the_machine(month: int) -> None:
    names = (
        "januari februari maart april mei juni juli augustus september oktober november december"
    )
    contacten = (Contact("face", date(2026, month, 9)),)
    assert f"9 {names.split()[month - 1]} 2026" in render(contacten=contacten).tekst


@every_mail
def test_several_contacts_become_one_mail_that_lists_them_all(soort: Soort, taal: str) -> None:
    mail = render(contacten=SEVERAL, soort=soort, taal=taal)
    assert mail.onderwerp.startswith(("Nieuwe ", "New "))
    assert re.search("contacten|contacts", mail.onderwerp)
    assert len(re.findall(r"^- (?:19|2[0-3]) ", mail.tekst, re.MULTILINE)) == 5
    assert Page(mail.html).tags.count("li") == 5


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("field", ["naam", "zaak", "zaak_omschrijving"])
@every_mail
def test_any_value_gives_a_sound_mail(soort: Soort, taal: str, field: str, value: str) -> None:
    mail, usual = render(soort=soort, taal=taal, **{field: value}), render(soort=soort, taal=taal)
    shown = header_text(value).replace("= ?", "=?")
    assert mail.onderwerp.splitlines() == [mail.onderwerp]
    assert "=?" not in mail.onderwerp
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", mail.tekst + mail.html)
    assert set(Page(mail.html).tags) <= set(Page(usual.html).tags)
    assert set(Page(mail.html).addresses) == {LINK}
    # The alert greets nobody.
    if (soort, field) != (Soort.BEHANDELAAR, "naam"):
        assert shown in mail.tekst
        assert shown in Page(mail.html).text
    assert mail.tekst.count("\n") <= usual.tekst.count("\n")


@given(st.sampled_from(EVERY), st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_no_text_can_forge_a_line_or_markup(
    which: tuple[Soort, str], naam: str, zaak: str, omschrijving: str
) -> None:
    soort, taal = which
    usual = render(soort=soort, taal=taal)
    mail = render(soort=soort, taal=taal, naam=naam, zaak=zaak, zaak_omschrijving=omschrijving)
    assert len(mail.onderwerp.splitlines()) == 1
    assert len(mail.tekst.splitlines()) <= len(usual.tekst.splitlines())
    assert set(Page(mail.html).tags) <= set(Page(usual.html).tags)
    mail.html.encode()


@pytest.mark.parametrize("taal", ["nl", "en"])
def test_nothing_is_left_of_a_greeting_without_a_name_or_a_zaak_without_description(
    taal: str,
) -> None:
    mail = render(naam="", zaak_omschrijving="", taal=taal)
    assert mail.tekst.startswith(("Goedendag,\n", "Hello,\n"))
    assert "\n\n\n" not in mail.tekst
    assert "<strong>" not in mail.html


def test_a_text_for_a_header_is_one_line_and_no_encoded_word() -> None:
    assert header_text(" Jan\r\n\tde =?x?q?a?=\u2029B ") == "Jan de = ?x?q?a?= B"
