"""A municipality's own files beside the shipped ones, and what is wrong with some."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.rendered import EVERY, FACTS, LINK, OURS, render, write
from worker.rendering import PARTS, TemplateError, Templates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.unit


def test_a_municipality_overrides_a_single_file(tmp_path: Path) -> None:
    own = write(
        tmp_path, "klantcontact-toegevoegd/nl/onderwerp.txt", "Bericht over {{ omschrijving }}"
    )
    mail = Templates(own, OURS).render(FACTS, zaak_link=LINK)
    assert mail.onderwerp == "Bericht over Dakkapel aan de voorkant"
    assert mail.tekst == render().tekst
    assert mail.html == render().html.replace(render().onderwerp, mail.onderwerp)


def test_a_municipality_overrides_the_layout_or_the_colours_of_all_its_mails(
    tmp_path: Path,
) -> None:
    colours = (OURS / "stijl.css").read_text(encoding="utf-8").replace("#0a5cad", "#8a1538")
    own = write(tmp_path / "kleur", "stijl.css", colours)
    for soort, taal in EVERY:
        facts = replace(FACTS, taal=taal)
        mail = Templates(own, OURS, notificatie=soort.value).render(facts, zaak_link=LINK)
        usual = render(soort=soort, taal=taal)
        assert mail.html == usual.html.replace("#0a5cad", "#8a1538")
        assert mail.digest != usual.digest
    frame = "<html><body><h1>{% block kop %}{% endblock %}</h1>{{ zaak }}</body></html>"
    own = write(tmp_path / "opmaak", "opmaak.html", frame)
    page = Templates(own, OURS).render(FACTS, zaak_link=LINK).html
    assert re.sub(' style="[^"]*"', "", page).split("</head>")[1] == (
        "<body><h1>Er is contact geweest over een zaak</h1>ZAAK-2026-0000001</body></html>\n"
    )


def test_a_part_of_a_mail_that_is_overridden_gets_the_stylesheet_too(tmp_path: Path) -> None:
    source = (
        '{% extends "opmaak.html" %}{% block slot %}<p class="klein">Tot ziens</p>{% endblock %}'
    )
    own = write(tmp_path, "klantcontact-toegevoegd/nl/bericht.html", source)
    page = Templates(own, OURS).render(FACTS, zaak_link=LINK).html
    assert re.search(r'<p class="klein" style="[^"]*color:#465464">Tot ziens</p>', page)


def test_an_own_subject_over_several_lines_becomes_one(tmp_path: Path) -> None:
    own = write(tmp_path, "klantcontact-toegevoegd/nl/onderwerp.txt", "een\r\n\n  twee\n")
    assert Templates(own, OURS).render(FACTS, zaak_link=LINK).onderwerp == "een twee"


def test_the_digest_tells_the_version_of_the_templates(tmp_path: Path) -> None:
    digest = render().digest
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert (
        render(naam="Iemand Anders").digest
        == Templates(OURS, OURS).render(FACTS, zaak_link=LINK).digest
        == digest
    )
    assert render(taal="en").digest != digest
    own = write(tmp_path, "klantcontact-toegevoegd/nl/bericht.txt", "{% include 'voet.txt' %}")
    write(tmp_path, "klantcontact-toegevoegd/nl/bericht.html", "{% include 'voet.txt' %}")
    digests = set()
    for footer in ("een", "twee"):
        (own / "voet.txt").write_text(footer)
        digests.add(Templates(own, OURS).render(FACTS, zaak_link=LINK).digest)
    assert len(digests | {digest}) == 3


def test_a_template_may_extend_another(tmp_path: Path) -> None:
    (tmp_path / "huisstijl.html").write_text("<b>{% block kern %}{% endblock %}</b>")
    source = "{% extends 'huisstijl.html' %}{% block kern %}{{ naam }}{% endblock %}"
    own = write(tmp_path, "klantcontact-toegevoegd/nl/bericht.html", source)
    mail = Templates(own, OURS).render(replace(FACTS, naam="<i>"), zaak_link=LINK)
    assert mail.html == "<b>&lt;i&gt;</b>\n"


BAD_SOURCES: dict[str, tuple[str | bytes, str]] = {
    "syntax": ("een\n{% if %}", "{file}, line 2: "),
    "unknown filter": ("{{ naam|onbekend }}", "{file}, line 1: No filter named 'onbekend'"),
    "unknown name": (
        "{% if naam %}{{ toelichting }}{% endif %}",
        "{file}, line 1: asks for toelich",
    ),
    "unknown field": (
        "{% for c in contacten %}\n{{ c.wie }}{% endfor %}",
        "{file}, line 2: cannot be render",
    ),
    "wrong type": ("{{ 1 + naam }}", "{file}, line 1: cannot be rendered"),
    "fails for one contact": ("{{ contacten[1].dag }}", "{file}, line 1: cannot be rendered"),
    "not UTF-8": (b"caf\xe9", "{file}: cannot be read: "),
    "empty": (" \n", "{file}: is empty"),
    "only with a description": ("{{ omschrijving }}", "{file}: is empty"),
    "missing include": ("{% include 'weg.txt' %}", "weg.txt: not found in the template folders"),
    "computed include": ("{% include naam %}", "{file}: includes a template by a name that"),
}


@pytest.mark.parametrize(("source", "message"), BAD_SOURCES.values(), ids=BAD_SOURCES)
@pytest.mark.parametrize("part", PARTS)
def test_a_bad_template_is_refused_at_once_with_its_file_and_the_reason(
    tmp_path: Path, part: str, source: str | bytes, message: str
) -> None:
    own = write(tmp_path, f"klantcontact-toegevoegd/nl/{part}", source)
    expected = message.format(file=f"klantcontact-toegevoegd/nl/{part}")
    with pytest.raises(TemplateError, match=f"^{re.escape(expected)}"):
        Templates(own, OURS)


def test_what_html_cannot_have_is_refused_with_its_line(tmp_path: Path) -> None:
    own = write(
        tmp_path, "klantcontact-toegevoegd/en/bericht.html", "<p>a</p>\n<p {{ naam }}>b</p>"
    )
    with pytest.raises(TemplateError, match=r"^klantcontact-toegevoegd/en/bericht.html, line 2: "):
        Templates(own, OURS)


def test_a_subject_cannot_ask_for_itself(tmp_path: Path) -> None:
    own = write(tmp_path, "klantcontact-toegevoegd/nl/onderwerp.txt", "{{ onderwerp }}")
    with pytest.raises(TemplateError, match=r"line 1: asks for onderwerp;"):
        Templates(own, OURS)


BAD_FOLDERS: dict[str, tuple[Callable[[Path], list[Path]], str]] = {
    "no folder": (lambda _: [], "klantcontact-toegevoegd/nl/onderwerp.txt: not found"),
    "empty folder": (lambda own: [own], "klantcontact-toegevoegd/nl/onderwerp.txt: not found"),
    "half a language": (
        lambda own: [write(own, "klantcontact-toegevoegd/en/onderwerp.txt", "x"), own],
        "klantcontact-toegevoegd/en/bericht.txt: not found in the template folders",
    ),
    "a language without words": (
        lambda own: [write(own, "klantcontact-toegevoegd/fy/onderwerp.txt", "x"), OURS],
        "klantcontact-toegevoegd/fy: not one of the languages known: en, nl",
    ),
}


@pytest.mark.parametrize(("folders", "message"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_missing_templates_are_named(
    tmp_path: Path, folders: Callable[[Path], list[Path]], message: str
) -> None:
    with pytest.raises(TemplateError, match=f"^{re.escape(message)}"):
        Templates(*folders(tmp_path))


def test_a_template_that_fails_on_certain_facts_does_not_tell_them(tmp_path: Path) -> None:
    source = "{{ {'': 1, 'Voorbeeld': 2}[naam] }}"
    own = write(tmp_path, "klantcontact-toegevoegd/nl/bericht.txt", source)
    with pytest.raises(TemplateError) as failed:
        Templates(own, OURS).render(replace(FACTS, naam="Geheime Naam"), zaak_link=LINK)
    assert str(failed.value).startswith("klantcontact-toegevoegd/nl/bericht.txt: failed with ")
    assert "Geheim" not in str(failed.value)
    assert failed.value.__suppress_context__
