"""Where a template's tags may stand in its HTML, and that they stay there."""

from __future__ import annotations

import re

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rendering.inlining import inlined
from worker.rendering.sources import TemplateError, environment

pytestmark = pytest.mark.unit

READER = environment(jinja2.BaseLoader(), autoescape=True)
RED = ":root { --k: #ff0000; } p { color: var(--k); } td { margin: 0; }"
KEPT = {
    "around an element": (
        "{% if x %}\n<p>{{ naam }}</p>\n{% endif %}",
        '{% if x %}\n<p style="color:#ff0000">{{ naam }}</p>\n{% endif %}',
    ),
    "between rows": (
        "<table><tbody>{% if x %}<tr><td>a</td></tr>{% endif %}</tbody></table>",
        '<table><tbody>{% if x %}<tr><td style="margin:0">a</td></tr>{% endif %}</tbody></table>',
    ),
    "printing rows": (
        "<table><tbody>{{ rows() }}</tbody></table>",
        "<table><tbody>{{ rows() }}</tbody></table>",
    ),
    "in an attribute": (
        '<a href="{{ link }}" title="{% if x %}a{% else %}b{% endif %} > c">z</a>',
        '<a href="{{ link }}" title="{% if x %}a{% else %}b{% endif %} > c">z</a>',
    ),
    "in a title": (
        "<html><head><title>{% if x %}a{% endif %}</title></head><body></body></html>",
        "<html><head><title>{% if x %}a{% endif %}</title></head><body></body></html>",
    ),
    "in a comment": ("<p>a</p><!--{{ x }}-->", '<p style="color:#ff0000">a</p><!--{{ x }}-->'),
    "with quotes and braces": (
        """<p>{{ "}}" ~ '<p>' }}{# <b> #}</p>""",
        """<p style="color:#ff0000">{{ "}}" ~ '<p>' }}{# <b> #}</p>""",
    ),
    "not to be read": (
        "{% raw %}<p>{{ x }}{% if %}</p>{% endraw %}",
        '{% raw %}<p style="color:#ff0000">{{ x }}{% if %}</p>{% endraw %}',
    ),
    "a block of another file": (
        '{% extends "a.html" %}\n{% block b %}<p>a</p>{% endblock %}',
        '{% extends "a.html" %}\n{% block b %}<p style="color:#ff0000">a</p>{% endblock %}',
    ),
}


@pytest.mark.parametrize(("source", "expected"), KEPT.values(), ids=KEPT)
def test_a_tag_stays_where_it_is_written(source: str, expected: str) -> None:
    assert inlined(READER, "a.html", source, RED) == expected


REFUSED = {
    "between attributes": ("\n<p\n {% if x %}class='a'{% endif %}>a</p>", "line 2: within <"),
    "without quotes": ("{# a\n #}<a href={{ link }}>a</a>", "line 2: within <"),
    "as the name of an element": ("<p>a</p>\n\n<{{ x }}>a</p>", "line 3: within <"),
    "a row without its table": ("a\n{% if x %}\nb\n<tr><td>a</td></tr>{% endif %}", "line 4: <tr>"),
    "within a style": ("<style>p { color: {{ x }} }</style>", "line 1: a tag cannot"),
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_tag_that_cannot_stay_is_refused_with_its_line(source: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=rf"^a\.html, {re.escape(reason)}"):
        inlined(READER, "a.html", source, RED)


# fmt: off
PIECES = st.sampled_from([
    "<p>", "</p>", "<ul>", "<li>", "</ul>", "<table>", "<tr>", "<td>", "</table>", "<b>", "</b>",
    "<br>", "tekst ", "é", "\n", "{{ naam }}", "{% if naam %}", "{% endif %}", "{# weg #}",
])
# fmt: on


@given(st.lists(PIECES, max_size=25))
def test_whatever_is_written_all_tags_are_kept_in_order_or_it_is_refused(
    written: list[str],
) -> None:
    source = "".join(written)
    tags = re.compile(r"\{[{%#].*?[}%#]\}")
    try:
        READER.parse(source)
        styled = inlined(READER, "a.html", source, RED)
    except (TemplateError, jinja2.TemplateSyntaxError):
        return
    assert tags.findall(styled) == tags.findall(source)


def test_what_a_media_query_holds_stays_in_the_head_and_reaches_no_element() -> None:
    sheet = "p { color: red; }\n@media (prefers-color-scheme: dark) { .a { color: blue; } }"
    source = '<!doctype html><html><head></head><body><p class="a">a</p></body></html>'
    styled = inlined(READER, "a.html", source, sheet)
    assert "@media (prefers-color-scheme: dark) { .a { color: blue; } }" in styled
    assert '<p class="a" style="color:red">' in styled


def test_a_style_of_its_own_wins_from_the_stylesheet() -> None:
    styled = inlined(READER, "a.html", '<p style="color: blue">a</p>', RED)
    assert styled == '<p style="color:blue">a</p>'


def test_neither_comments_nor_braces_of_a_stylesheet_end_up_in_a_template() -> None:
    sheet = "/* {{ a }} */ p{color:red} /* b */ @media print{#kop{color:blue}} /* c */"
    source = "<html><head></head><body><p>a</p></body></html>"
    styled = inlined(READER, "a.html", source, sheet)
    assert READER.from_string(styled).render() == styled
    assert "#kop{color:blue}}" in styled
    assert "/*" not in styled
