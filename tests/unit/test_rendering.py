"""The templates that are shipped, a municipality's own, and what facts can do to them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rendering import (
    PARTS,
    Contact,
    MailFacts,
    Rendered,
    TemplateError,
    Templates,
    header_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.unit

OURS = Path(__file__).parents[2] / "templates"
TEMPLATES = Templates(OURS)
LINK = "https://mijn.example.nl/zaken/ZAAK-2026-0000001?a=1&b=2"
FACTS = MailFacts(
    mail=UUID(int=42),
    zaak="ZAAK-2026-0000001",
    zaak_omschrijving="Dakkapel aan de voorkant",
    naam="Voorbeeld Burger",
    adres="burger@example.nl",
    taal="nl",
    contacten=(Contact("call", date(2026, 11, 23)),),
    moment=datetime(2026, 11, 23, 12, tzinfo=UTC),
)
VALUES = {
    "ordinary": "Voorbeeld",
    "empty": "",
    "blank": " \t\n ",
    "very long": "Lang woord en nogmaals " * 400,
    "one very long word": "x" * 9000,
    "right to left": "طلب رخصة بناء",
    "overriding the direction": "a\u202eb\u2066c",
    "emoji": "🏗️ 👩‍👩‍👧‍👦 dakkapel",
    "markup": "<script>alert('x')</script><img src=https://evil.example/x.png>",
    "end of an attribute": "\"><a href='https://evil.example'>",
    "template": "{{ 7 * 7 }}{% for x in y %}{# weg #}",
    "header": "x\r\nBcc: evil@example.nl\r\n\r\nbody",
    "encoded word": "=?UTF-8?Q?=0A?=Bcc: x@y",
    "control characters": "a\x00b\x1bc\x7fd\x85e\u2028f",
    "half a surrogate pair": "a\ud800b",
}


class Page(HTMLParser):
    """What a mail program sees: tags, the addresses that they load or link to, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def render(**changes: object) -> Rendered:
    return TEMPLATES.render(replace(FACTS, **changes), zaak_link=LINK)  # type: ignore[arg-type]


def write(folder: Path, taal: str, part: str, source: str | bytes) -> Path:
    file = folder / "klantcontact-toegevoegd" / taal / part
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(source.encode() if isinstance(source, str) else source)
    return folder


def test_dutch_and_english_are_shipped() -> None:
    assert TEMPLATES.talen == ("en", "nl")


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
    assert '<html lang="en">' in mail.html


@pytest.mark.parametrize("taal", ["fr", "", "NL", "../nl"])
def test_a_language_without_templates_gets_dutch(taal: str) -> None:
    assert render(taal=taal) == render(taal="nl")
    assert render(taal=taal).taal == "nl"


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


@pytest.mark.parametrize("taal", ["nl", "en"])
def test_several_contacts_become_one_mail_that_lists_them_all(taal: str) -> None:
    contacten = tuple(Contact("mail", date(2026, 11, day)) for day in (21, 22, 23))
    mail = render(contacten=contacten, taal=taal)
    assert mail.onderwerp.startswith(("Nieuwe contacten", "New contacts"))
    assert len(re.findall(r"^- 2[123] ", mail.tekst, re.MULTILINE)) == 3
    assert Page(mail.html).tags.count("li") == 3


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("field", ["naam", "zaak", "zaak_omschrijving"])
@pytest.mark.parametrize("taal", ["nl", "en"])
def test_any_value_gives_a_sound_mail(taal: str, field: str, value: str) -> None:
    mail, usual = render(taal=taal, **{field: value}), render(taal=taal)
    shown = header_text(value).replace("= ?", "=?")
    assert mail.onderwerp.splitlines() == [mail.onderwerp]
    assert "=?" not in mail.onderwerp
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", mail.tekst + mail.html)
    assert set(Page(mail.html).tags) <= set(Page(usual.html).tags)
    assert set(Page(mail.html).addresses) == {LINK}
    assert shown in mail.tekst
    assert shown in Page(mail.html).text
    assert mail.tekst.count("\n") <= usual.tekst.count("\n")


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_no_text_can_forge_a_line_or_markup(naam: str, zaak: str, omschrijving: str) -> None:
    mail = render(naam=naam, zaak=zaak, zaak_omschrijving=omschrijving)
    assert len(mail.onderwerp.splitlines()) == 1
    assert len(mail.tekst.splitlines()) <= len(render().tekst.splitlines())
    assert set(Page(mail.html).tags) <= set(Page(render().html).tags)
    mail.html.encode()


@pytest.mark.parametrize("taal", ["nl", "en"])
def test_nothing_is_left_of_a_greeting_without_a_name_or_a_zaak_without_description(
    taal: str,
) -> None:
    mail = render(naam="", zaak_omschrijving="", taal=taal)
    assert mail.tekst.startswith(("Goedendag,\n", "Hello,\n"))
    assert "\n\n\n" not in mail.tekst
    assert "<strong>" not in mail.html


@pytest.mark.parametrize("file", [str(file.relative_to(OURS)) for file in OURS.rglob("*.*")])
def test_no_template_loads_or_links_to_anything_but_the_given_link(file: str) -> None:
    source = (OURS / file).read_text()
    assert not re.search(r"https?:|//|src\s*=|url\(|@import|<link|<script|cid:", source)
    assert set(re.findall(r'href="([^"]*)"', source)) <= {"{{ link }}"}


@pytest.mark.parametrize("taal", ["nl", "en"])
def test_text_and_background_differ_enough_for_wcag_aa_in_light_and_dark(taal: str) -> None:
    html = render(taal=taal).html
    dark = dict(re.findall(r"\.(\w+) \{ (?:background-)?color: (#\w+) !important", html))
    button = re.search(r"\.knop \{.*?; color: (#\w+)", html)
    assert button is not None
    # Names of classes; a background is a class of its own, but for the button.
    pairs = [
        ("#1b2632", "#ffffff"),
        ("#1b2632", "#eef2f6"),
        ("#465464", "#ffffff"),
        ("#465464", "#eef2f6"),
        ("#0a5cad", "#ffffff"),
        *(
            (dark[words], dark[ground])
            for words in ("tekst", "klein", "adres")
            for ground in GROUNDS
        ),
        (button.group(1), dark["knop"]),
    ]
    assert all(colour in html for pair in pairs for colour in pair)
    assert min(contrast(*pair) for pair in pairs) >= 4.5


GROUNDS = ("vlak", "kaart", "blok")


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_municipality_overrides_a_single_file(tmp_path: Path) -> None:
    own = write(tmp_path, "nl", "onderwerp.txt", "Bericht over {{ omschrijving }}")
    mail = Templates(own, OURS).render(FACTS, zaak_link=LINK)
    assert mail.onderwerp == "Bericht over Dakkapel aan de voorkant"
    assert mail.tekst == render().tekst
    assert mail.html == render().html


def test_an_own_subject_over_several_lines_becomes_one(tmp_path: Path) -> None:
    own = write(tmp_path, "nl", "onderwerp.txt", "een\r\n\n  twee\n")
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
    own = write(tmp_path, "nl", "bericht.txt", "{% include 'voet.txt' %}")
    write(tmp_path, "nl", "bericht.html", "{% include 'voet.txt' %}")
    digests = set()
    for footer in ("een", "twee"):
        (own / "voet.txt").write_text(footer)
        digests.add(Templates(own, OURS).render(FACTS, zaak_link=LINK).digest)
    assert len(digests | {digest}) == 3


def test_a_template_may_extend_another(tmp_path: Path) -> None:
    (tmp_path / "huisstijl.html").write_text("<b>{% block kern %}{% endblock %}</b>")
    source = "{% extends 'huisstijl.html' %}{% block kern %}{{ naam }}{% endblock %}"
    own = write(tmp_path, "nl", "bericht.html", source)
    mail = Templates(own, OURS).render(replace(FACTS, naam="<i>"), zaak_link=LINK)
    assert mail.html == "<b>&lt;i&gt;</b>\n"


BAD_SOURCES: dict[str, tuple[str | bytes, str]] = {
    "syntax": ("een\n{% if %}", "{file}, line 2: "),
    "unknown filter": ("{{ naam|onbekend }}", "{file}, line 1: No filter named 'onbekend'"),
    "unknown name": ("{% if naam %}{{ toelichting }}{% endif %}", "{file}: asks for toelichting;"),
    "unknown field": (
        "{% for c in contacten %}{{ c.wie }}{% endfor %}",
        "{file}: cannot be render",
    ),
    "wrong type": ("{{ 1 + naam }}", "{file}: cannot be rendered"),
    "fails for one contact": ("{{ contacten[1].dag }}", "{file}: cannot be rendered"),
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
    own = write(tmp_path, "nl", part, source)
    expected = message.format(file=f"klantcontact-toegevoegd/nl/{part}")
    with pytest.raises(TemplateError, match=f"^{re.escape(expected)}"):
        Templates(own, OURS)


BAD_FOLDERS: dict[str, tuple[Callable[[Path], list[Path]], str]] = {
    "no folder": (lambda _: [], "klantcontact-toegevoegd/nl/onderwerp.txt: not found"),
    "empty folder": (lambda own: [own], "klantcontact-toegevoegd/nl/onderwerp.txt: not found"),
    "half a language": (
        lambda own: [write(own, "en", "onderwerp.txt", "x"), own],
        "klantcontact-toegevoegd/en/bericht.txt: not found in the template folders",
    ),
    "a language without words": (
        lambda own: [write(own, "fy", "onderwerp.txt", "x"), OURS],
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
    own = write(tmp_path, "nl", "bericht.txt", source)
    with pytest.raises(TemplateError) as failed:
        Templates(own, OURS).render(replace(FACTS, naam="Geheime Naam"), zaak_link=LINK)
    assert str(failed.value).startswith("klantcontact-toegevoegd/nl/bericht.txt: failed with ")
    assert "Geheim" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_a_text_for_a_header_is_one_line_and_no_encoded_word() -> None:
    assert header_text(" Jan\r\n\tde =?x?q?a?=\u2029B ") == "Jan de = ?x?q?a?= B"
