"""Puts a stylesheet onto the elements of a template, once, when it is loaded.

Mail programs drop what they do not know of a `<style>`, and keep `style` on an element. The
inliner parses HTML, which knows no template tags: each is taken out first, a word in its place,
and put back afterwards. Between elements the word stands in a comment, because a parser moves
words out of a table, but not comments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import css_inline

from worker.rendering.sources import STYLESHEET, TemplateError

if TYPE_CHECKING:
    from jinja2 import Environment

# Private-use characters around a number: no text has them, and HTML leaves them alone.
_WORD: Final = re.compile("\ue000([0-9]+)\ue001")
_WORD_OR_COMMENT: Final = re.compile("<!--\ue002([0-9]+)\ue003-->|\ue000([0-9]+)\ue001")
# Where a comment is none: within a tag, in a comment, and where HTML reads text only.
_NO_COMMENT: Final = re.compile(
    r"""(<!--.*?-->|<(?:title|style)\b.*?</(?:title|style)>|"""
    "<[a-z/\ue000]"
    r"""(?:"[^"]*"|'[^']*'|[^"'>])*>)""",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED: Final = re.compile(r""""[^"]*"|'[^']*'""")
_MARK: Final = re.compile("<(?!style)[a-zA-Z][a-zA-Z0-9]*|[\ue000\ue002][0-9]+")
_CSS_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_OPENING: Final = re.compile(r"\{(?=[{%#])")
_DOCUMENT: Final = re.compile(r"<html\b", re.IGNORECASE)


def inlined(reader: Environment, file: str, source: str, stylesheet: str) -> str:
    """Give the source with the rules of `stylesheet` in `style` attributes.

    A rule sees the elements of one file: `.kaart p` does not reach from a layout into a block.
    Raises TemplateError where a tag, or an element, would not stay where it was written.
    """
    tags: list[str] = []
    given = _with_comments(file, _masked(reader, source, tags), tags)
    inliner = css_inline.CSSInliner(
        extra_css=_rules(stylesheet),
        # Into a <style>: what no attribute can say, such as dark mode.
        keep_at_rules=True,
        load_remote_stylesheets=False,
        minify_css=True,
        resolve_css_variables=True,
    )
    try:
        if _DOCUMENT.search(given):
            styled = inliner.inline(given)
        else:
            styled = inliner.inline_fragment(given, "")
    except (css_inline.InlineError, ValueError) as error:
        raise TemplateError(f"{STYLESHEET}: cannot be put onto {file}: {error}") from error
    _refuse_moved(file, given, styled, tags)
    return _unmasked(styled, tags)


def _rules(stylesheet: str) -> str:
    """The stylesheet without comments, and without what would be a tag where it stays."""
    return _OPENING.sub("{ ", _CSS_COMMENT.sub("", stylesheet))


def _masked(reader: Environment, source: str, tags: list[str]) -> str:
    """The source with a word for each tag; the tags themselves go to `tags`."""
    out: list[str] = []
    within = False
    for _, kind, text in reader.lex(source):
        if kind.endswith("_begin"):
            within = True
            out.append(f"\ue000{len(tags)}\ue001")
            tags.append("")
        if within:
            tags[-1] += text
        else:
            out.append(text)
        # What stands between {% raw %} and {% endraw %} is no tag, whatever it looks like.
        within = within and kind != "raw_begin" and not kind.endswith("_end")
    return "".join(out)


def _unmasked(text: str, tags: list[str]) -> str:
    return _WORD_OR_COMMENT.sub(lambda found: tags[int(found[1] or found[2])], text)


def _with_comments(file: str, masked: str, tags: list[str]) -> str:
    """Every other piece that `_NO_COMMENT` splits off is one where a comment is none."""
    pieces = _NO_COMMENT.split(masked)
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            pieces[at] = _WORD.sub("<!--\ue002\\1\ue003-->", piece)
        elif _between_attributes(piece):
            line = _line("".join(pieces[:at]), tags)
            raise TemplateError(
                f"{file}, line {line}: within <…> a tag can stand between quotes only"
            )
    return "".join(pieces)


def _between_attributes(piece: str) -> bool:
    """No word can stand there; and an attribute without quotes would not be safe."""
    start = "" if piece.startswith("<!") else _QUOTED.sub("", piece).partition(">")[0]
    return _WORD.search(start) is not None


def _refuse_moved(file: str, given: str, styled: str, tags: list[str]) -> None:
    """A parser may add elements (`tbody`); what was written must come back, in its order."""
    back = iter(_MARK.findall(styled))
    for mark in _MARK.finditer(given):
        if mark[0] not in back:
            line = _line(given[: mark.start()], tags)
            what = f"{mark[0]}>" if mark[0].startswith("<") else "a tag"
            raise TemplateError(
                f"{file}, line {line}: {what} cannot stand here by the rules of HTML"
            )


def _line(before: str, tags: list[str]) -> int:
    """The line of the source that what comes after `before` stands on."""
    return _unmasked(before, tags).count("\n") + 1
