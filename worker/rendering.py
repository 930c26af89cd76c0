"""Turns the facts of one mail into its subject, text and HTML (S9; DOMAIN.md, Mail).

A template gets these names and no others, so that it cannot tell more than a mail may: `naam`
(may be empty), `zaak` (its number), `omschrijving` (of the zaak, may be empty), `link` (to the
zaak in the portal) and `contacten`: one or more, each with `soort` (how, in words) and `dag`
(the date, written out). Each value is one line without control characters, so that it can
forge neither a line nor a header.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import jinja2
import jinja2.meta

from worker.domain.notifications import Soort

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Environment, Template

NOTIFICATIE: Final = "klantcontact-toegevoegd"
FALLBACK: Final = "nl"
PARTS: Final = ("onderwerp.txt", "bericht.txt", "bericht.html")
NAMES: Final = frozenset({"naam", "zaak", "omschrijving", "link", "contacten"})

# How months and kinds of contact (S4) are called; no locale of the machine is asked.
# fmt: off
_MONTHS: Final = {
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
        "oktober", "november", "december",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
}
_KINDS: Final = {
    "nl": {
        "click": "via de website", "call": "telefonisch", "face": "aan de balie",
        "mail": "per post", "e-mail": "per e-mail",
    },
    "en": {
        "click": "through the website", "call": "by telephone", "face": "at the desk",
        "mail": "by post", "e-mail": "by e-mail",
    },
}
# fmt: on

# White space and control characters; marks that turn the direction of all that follows; halves
# of surrogate pairs, which UTF-8 cannot hold. Joiners stay: emoji and several scripts need them.
_UNPRINTABLE: Final = re.compile("[\\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


class TemplateError(ValueError):
    """A template that cannot be used: its file and what is wrong with it, never a value."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What a mail may tell of one klantcontact: how and on which day, never what."""

    type: str
    """One of click, call, face, mail, e-mail (S4)."""
    dag: date


@dataclass(frozen=True, slots=True)
class MailFacts:
    """All that goes into one mail to one betrokkene about one zaak."""

    mail: UUID
    zaak: str
    zaak_omschrijving: str
    naam: str
    adres: str
    taal: str
    """ISO 639-1; a language without templates gets Dutch."""
    contacten: tuple[Contact, ...]
    """At least one, the oldest first."""
    moment: datetime
    """Aware; what the mail's Date will say."""
    soort: Soort = Soort.TOEGEVOEGD
    """Which templates it is made from."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's words; the lines of `tekst` and `html` end in LF."""

    onderwerp: str
    """A single line."""
    tekst: str
    html: str
    taal: str
    """The language that it is written in, which may be the fallback."""
    digest: str
    """SHA-256 in hex over the sources of the templates: tells their version afterwards."""


@dataclass(frozen=True, slots=True)
class _Language:
    taal: str
    parts: tuple[Template, ...]
    """In the order of PARTS."""
    digest: str


class Templates:
    """The templates of one notification, compiled and tried out in every language.

    `folders` are searched in order, file by file: a municipality's own folder first, then ours.
    Raises TemplateError when a file is missing, cannot be read, compiled or rendered, asks for a
    name that does not exist, or stands in a language whose months are not known here.
    """

    def __init__(self, *folders: Path, notificatie: str = NOTIFICATIE) -> None:
        loader = jinja2.FileSystemLoader(folders)
        text, html = _environment(loader, autoescape=False), _environment(loader, autoescape=True)
        self._languages = {
            taal: _language((text, text, html), notificatie, taal)
            for taal in sorted({FALLBACK, *_languages(folders, notificatie)})
        }

    @property
    def talen(self) -> tuple[str, ...]:
        """The languages that have templates, in alphabetical order."""
        return tuple(self._languages)

    def render(self, facts: MailFacts, *, zaak_link: str) -> Rendered:
        """Write one mail; the result depends on the arguments and the templates alone.

        `zaak_link` is a whole URL, quoted by the caller. Raises TemplateError.
        """
        language = self._languages.get(facts.taal) or self._languages[FALLBACK]
        values = _values(language.taal, facts, zaak_link)
        onderwerp, tekst, html = (_filled(part, values) for part in language.parts)
        return Rendered(
            onderwerp=header_text(onderwerp),
            tekst=f"{tekst.strip()}\n",
            html=f"{html.strip()}\n",
            taal=language.taal,
            digest=language.digest,
        )


def header_text(text: str) -> str:
    """Give the text as a header may hold it: one line, and no encoded word (RFC 2047).

    For a subject, and for the name beside an address.
    """
    return _one_line(text).replace("=?", "= ?")


def _environment(loader: jinja2.BaseLoader, *, autoescape: bool) -> Environment:
    return jinja2.Environment(
        loader=loader,
        autoescape=autoescape,  # noqa: S701 - off for what is not HTML
        undefined=jinja2.StrictUndefined,
        # A tag on a line of its own leaves no empty line behind.
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _languages(folders: Iterable[Path], notificatie: str) -> set[str]:
    """Names of the folders that hold a language, in whichever template folder they stand."""
    parents = [folder / notificatie for folder in folders if (folder / notificatie).is_dir()]
    return {child.name for parent in parents for child in parent.iterdir() if child.is_dir()}


def _language(environments: tuple[Environment, ...], notificatie: str, taal: str) -> _Language:
    if taal not in _MONTHS:
        known = ", ".join(sorted(_MONTHS))
        raise TemplateError(f"{notificatie}/{taal}: not one of the languages known: {known}")
    sources: dict[str, str] = {}
    parts: list[Template] = []
    for environment, part in zip(environments, PARTS, strict=True):
        file = f"{notificatie}/{taal}/{part}"
        _check(environment, file, sources)
        parts.append(environment.get_template(file))
    _try_out(taal, parts)
    whole = "\0".join(f"{file}\0{source}" for file, source in sorted(sources.items()))
    return _Language(taal, tuple(parts), hashlib.sha256(whole.encode()).hexdigest())


def _check(environment: Environment, file: str, sources: dict[str, str]) -> None:
    """Add the file, and all that it includes or extends, to `sources`, or say what is wrong."""
    if file in sources or environment.loader is None:
        return
    try:
        source = environment.loader.get_source(environment, file)[0]
        tree = environment.parse(source, filename=file)
        unknown = jinja2.meta.find_undeclared_variables(tree) - NAMES - environment.globals.keys()
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"{file}: not found in the template folders") from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{file}, line {error.lineno}: {error.message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{file}: cannot be read: {error}") from error
    if unknown:
        asked, known = ", ".join(sorted(unknown)), ", ".join(sorted(NAMES))
        raise TemplateError(f"{file}: asks for {asked}; a template gets only {known}")
    sources[file] = source
    for other in jinja2.meta.find_referenced_templates(tree):
        if other is None:
            raise TemplateError(f"{file}: includes a template by a name that is not literal")
        _check(environment, other, sources)


def _try_out(taal: str, parts: Iterable[Template]) -> None:
    """Render made-up facts through every branch that facts can choose."""
    contacts = tuple(Contact(kind, date(2026, 11, 23)) for kind in _KINDS[taal])
    for contacten, words in ((contacts[:1], ""), (contacts, "Voorbeeld")):
        facts = MailFacts(
            UUID(int=0), "ZAAK-1", words, words, "", taal, contacten, datetime.now(UTC)
        )
        values = _values(taal, facts, "https://portaal.example.nl/")
        for part in parts:
            try:
                empty = not part.render(values).strip()
            except Exception as error:
                # Nothing personal can be quoted: the facts are ours.
                raise TemplateError(f"{part.name}: cannot be rendered: {error}") from error
            if empty:
                raise TemplateError(f"{part.name}: is empty")


def _values(taal: str, facts: MailFacts, link: str) -> dict[str, object]:
    months, kinds = _MONTHS[taal], _KINDS[taal]
    return {
        "naam": _one_line(facts.naam),
        "zaak": _one_line(facts.zaak),
        "omschrijving": _one_line(facts.zaak_omschrijving),
        "link": _one_line(link),
        "contacten": [
            {
                "soort": kinds[contact.type],
                "dag": f"{contact.dag.day} {months[contact.dag.month - 1]} {contact.dag.year}",
            }
            for contact in facts.contacten
        ],
    }


def _filled(part: Template, values: dict[str, object]) -> str:
    try:
        return part.render(values)
    except Exception as error:  # noqa: BLE001 - an own template can fail in any way
        # Without the cause: its text may quote a value.
        raise TemplateError(f"{part.name}: failed with {type(error).__name__}") from None


def _one_line(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()
