"""Turns the facts of one mail into its subject, text and HTML (S9; DOMAIN.md, Mail).

A template gets these names and no others, so that it cannot tell more than a mail may: `naam`
(may be empty), `zaak` (its number), `omschrijving` (of the zaak, may be empty), `link` (to the
zaak), `taal` (that it is written in) and `contacten`: one or more, each with `soort` (how, in
words) and `dag` (the date, written out). A message gets the `onderwerp` beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.domain.notifications import Soort
from worker.rendering.facts import Contact, MailFacts, Rendered
from worker.rendering.loading import PARTS, languages, load
from worker.rendering.sources import TemplateError
from worker.rendering.wording import FALLBACK, KINDS, LANGUAGES, SUBJECT, header_text, values

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Template

__all__ = [
    "KINDS",
    "LANGUAGES",
    "PARTS",
    "Contact",
    "MailFacts",
    "Rendered",
    "TemplateError",
    "Templates",
    "header_text",
]


class Templates:
    """The templates of one notification, compiled and tried out in every language.

    `folders` are searched in order, file by file: a municipality's own folder first, then ours.
    Raises TemplateError when a file is missing, cannot be read, compiled or rendered, asks for a
    name that does not exist, stands in a language whose months are not known here, or has a tag
    where HTML cannot have one.
    """

    def __init__(self, *folders: Path, notificatie: str = Soort.TOEGEVOEGD.value) -> None:
        self._languages = {
            taal: load(folders, notificatie, taal) for taal in languages(folders, notificatie)
        }

    @property
    def talen(self) -> tuple[str, ...]:
        """The languages that have templates, in alphabetical order."""
        return tuple(self._languages)

    @property
    def files(self) -> frozenset[str]:
        """All files that it is made from, by their names below the folders."""
        return frozenset().union(*(language.files for language in self._languages.values()))

    def render(self, facts: MailFacts, *, zaak_link: str) -> Rendered:
        """Write one mail; the result depends on the arguments and the templates alone.

        `zaak_link` is a whole URL, quoted by the caller. Raises TemplateError.
        """
        language = self._languages.get(facts.taal) or self._languages[FALLBACK]
        subject, text, page = language.parts
        given = values(language.taal, facts, zaak_link)
        onderwerp = given[SUBJECT] = header_text(_filled(subject, given))
        return Rendered(
            onderwerp=onderwerp,
            tekst=f"{_filled(text, given).strip()}\n",
            html=f"{_filled(page, given).strip()}\n",
            taal=language.taal,
            digest=language.digest,
        )


def _filled(part: Template, given: dict[str, object]) -> str:
    try:
        return part.render(given)
    except Exception as error:  # noqa: BLE001 - an own template can fail in any way
        # Without the cause: its text may quote a value.
        raise TemplateError(f"{part.name}: failed with {type(error).__name__}") from None
