"""From template folders to what can be rendered: checked, styled, compiled and tried out."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import jinja2

from worker.rendering.facts import Contact, MailFacts
from worker.rendering.inlining import inlined
from worker.rendering.sources import STYLESHEET, Sources, TemplateError, environment
from worker.rendering.wording import FALLBACK, KINDS, LANGUAGES, NAMES, SUBJECT, values

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Environment, Template

PARTS: Final = ("onderwerp.txt", "bericht.txt", "bericht.html")


@dataclass(frozen=True, slots=True)
class Language:
    """The templates of one notification in one language."""

    taal: str
    parts: tuple[Template, Template, Template]
    """In the order of PARTS."""
    digest: str
    files: frozenset[str]
    """What it was made from, by names below the template folders."""


def languages(folders: Iterable[Path], notificatie: str) -> list[str]:
    """Names of the folders that hold a language, in whichever template folder they stand."""
    parents = [folder / notificatie for folder in folders if (folder / notificatie).is_dir()]
    found = {child.name for parent in parents for child in parent.iterdir() if child.is_dir()}
    return sorted({FALLBACK, *found})


def load(folders: Iterable[Path], notificatie: str, taal: str) -> Language:
    """Load one language; raises TemplateError (see `Templates`)."""
    if taal not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise TemplateError(f"{notificatie}/{taal}: not one of the languages known: {known}")
    subject, text, page = (f"{notificatie}/{taal}/{part}" for part in PARTS)
    sources = Sources(folders)
    sources.add(subject, NAMES)
    sources.add(text, NAMES | {SUBJECT})
    sources.add(page, NAMES | {SUBJECT})
    plain = environment(sources.loader, autoescape=False)
    escaping = environment(sources.loader, autoescape=True)
    of_text = plain.get_template(subject), plain.get_template(text)
    # Before the styles, which take the line numbers away.
    _try_out(taal, sources, (*of_text, escaping.get_template(page)))
    parts = (*of_text, _styled(sources, escaping).get_template(page))
    for part in parts:
        # Jinja's own is a ChainMap, and copied for each mail: 7 us each time.
        part.globals = dict(part.globals)
    return Language(taal, parts, sources.digest, frozenset(sources.files))


def _styled(sources: Sources, reader: Environment) -> Environment:
    """One that reads what is HTML with its styles on it."""
    stylesheet = sources.read(STYLESHEET)
    pages = {
        file: inlined(reader, file, source, stylesheet) if file.endswith(".html") else source
        for file, source in sources.files.items()
    }
    return environment(jinja2.DictLoader(pages), autoescape=True)


# Through every branch that facts can choose.
_CONTACTS: Final = tuple(Contact(kind, date(2026, 11, 23)) for kind in KINDS)
_TRIED: Final = ((_CONTACTS[:1], ""), (_CONTACTS, "Voorbeeld"))


def _facts(taal: str, contacten: tuple[Contact, ...], words: str) -> MailFacts:
    return MailFacts(UUID(int=0), "ZAAK-1", words, words, "", taal, contacten, datetime.now(UTC))


def _try_out(taal: str, sources: Sources, parts: tuple[Template, ...]) -> None:
    """Render made-up facts: nothing personal can be quoted in an error."""
    for contacten, words in _TRIED:
        facts = _facts(taal, contacten, words)
        given = values(taal, facts, "https://portaal.example.nl/")
        for part in parts:
            written = _tried(sources, part, given)
            given.setdefault(SUBJECT, written)


def _tried(sources: Sources, part: Template, given: dict[str, object]) -> str:
    try:
        written = part.render(given).strip()
    except Exception as error:
        where = _place(sources, error) or part.name
        raise TemplateError(f"{where}: cannot be rendered: {error}") from error
    if not written:
        raise TemplateError(f"{part.name}: is empty")
    return written


def _place(sources: Sources, error: Exception) -> str | None:
    """The line of a template that failed; Jinja writes it into the traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        name = sources.name(frame.filename)
        if name is not None:
            return f"{name}, line {frame.lineno}"
    return None
