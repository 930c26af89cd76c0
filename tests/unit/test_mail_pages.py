"""What the HTML of the shipped mails loads, links to, and looks like, in every language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pages import Page
from tests.rendered import EVERY, LINK, OURS, SEVERAL, render

if TYPE_CHECKING:
    from worker.domain.notifications import Soort

pytestmark = pytest.mark.unit

every_mail = pytest.mark.parametrize(("soort", "taal"), EVERY)


@every_mail
def test_a_mail_loads_nothing_and_links_to_the_zaak_only(soort: Soort, taal: str) -> None:
    html = render(soort=soort, taal=taal).html
    assert set(Page(html).addresses) == {LINK}
    assert not re.search(
        r"\bsrc\b|url\(|@import|<(?:link|script|img|form|iframe|object)|cid:", html
    )
    without_links = html.replace(LINK.replace("&", "&amp;"), "")
    assert "//" not in without_links


@pytest.mark.parametrize("file", [str(file.relative_to(OURS)) for file in OURS.rglob("*.*")])
def test_no_shipped_file_holds_an_address(file: str) -> None:
    source = (OURS / file).read_text(encoding="utf-8")
    assert not re.search(r"https?:|//|src\s*=|url\(|@import|<link|<script|cid:", source)
    assert set(re.findall(r'href="([^"]*)"', source)) <= {"{{ link }}"}


@every_mail
def test_a_page_says_which_language_it_is_in_and_is_called_as_the_mail(
    soort: Soort, taal: str
) -> None:
    mail = render(soort=soort, taal=taal)
    assert f'<html lang="{taal}"' in mail.html
    assert f"<title>{mail.onderwerp}</title>" in mail.html


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@every_mail
def test_words_and_what_is_behind_them_differ_enough_for_wcag_aa(
    soort: Soort, taal: str, *, dark: bool
) -> None:
    looks = Page(render(soort=soort, taal=taal).html, dark=dark).looks
    assert len({look.ground for look in looks}) >= 3  # the page, the card, the button
    too_faint = {words: look for look, words in looks.items() if look.contrast < 4.5}
    assert not too_faint


@every_mail
def test_dark_mode_changes_every_colour(soort: Soort, taal: str) -> None:
    html = render(soort=soort, taal=taal, contacten=SEVERAL).html
    light, dark = Page(html).looks, Page(html, dark=True).looks
    assert not {look.words for look in light} & {look.words for look in dark}
    assert not {look.ground for look in light} & {look.ground for look in dark}


@every_mail
def test_nothing_is_wider_than_a_narrow_screen(soort: Soort, taal: str) -> None:
    page = Page(render(soort=soort, taal=taal).html)
    declared = {each.strip() for style in page.styles for each in style.split(";")}
    widths = {each for each in declared if re.match(r"(?:min-)?width|white-space", each)}
    assert widths <= {"width:100%"}
    for broken in ("overflow-wrap:break-word", "table-layout:fixed", "word-break:break-all"):
        assert broken in declared


@every_mail
def test_every_element_that_shows_something_has_its_style_on_it(soort: Soort, taal: str) -> None:
    html = render(soort=soort, taal=taal).html
    bare = set(re.findall(r"<(\w+)(?![^>]*\bstyle=)", html.partition("<body")[2]))
    assert bare <= {"tbody", "tr", "strong", "bdi", "br"}
    assert "var(" not in html
