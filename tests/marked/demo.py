"""The demo's own register and messages, with a mark in every value that is personal."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.marks import BSN, TELEFOON, mark, words
from worker.cli.demo.messages import REGISTER, samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.cli.demo.messages import Sample

_TEXTS: Final = frozenset(
    ("naam", "onderwerp", "omschrijving", "titel", "auteur", "organisatie", "toelichting")
)
_PERSONS: Final = frozenset(("medewerker", "betrokkene"))
_NOT_IN_THE_CONTRACT: Final = "prioriteit"
_ELEMENT: Final = re.compile(r"<(Titel|Naam|Toelichting|Inhoud)>([^<]*)<")
KINDS: Final = (*sorted(_TEXTS), "adres", "domein", "inhoud", "link", "persoon", "veld", "waarde")
"""What is marked in the register and in the messages."""


def register() -> bytes:
    """As `klantcontact register import` takes it."""
    facts = [marked(orjson.loads(line)) for line in REGISTER.read_bytes().splitlines()]
    return b"\n".join(orjson.dumps(fact) for fact in facts)


def messages() -> list[Sample]:
    """All that the demo sends, with what is expected to become of each."""
    return [
        each.model_copy(
            update={
                "message": marked(each.message),
                "raw": each.raw and _raw(each.raw),
                "user": each.user and person(each.user),
            }
        )
        for each in samples()
    ]


def person(identificatie: str) -> str:
    """A medewerker or a betrokkene."""
    return f"{mark('persoon')}-{identificatie}"


def marked(value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """The same with marks."""
    match value:
        case dict():
            return dict(_field(name, each, value) for name, each in value.items())
        case list():
            return [marked(each) for each in value]
        case _:
            return value


def _field(name: str, value: Any, among: dict[str, Any]) -> tuple[str, Any]:  # noqa: ANN401 (any JSON)
    if name == _NOT_IN_THE_CONTRACT:
        return mark("veld"), mark("waarde")
    if not isinstance(value, str) or among.get("soort") in {"zaaktype", "applicatie"}:
        return name, marked(value)
    if name == "onderwerp" and "scopes" in among:
        return name, value
    return name, _text(name, value, among)


def _text(name: str, value: str, among: dict[str, Any]) -> str:
    match name:
        case "email":
            return f"{mark('adres')}.{value.partition('@')[0]}@{mark('domein')}.example.nl"
        case "url":
            return f"https://documenten.example.nl/{mark('link')}"
        case "inhoud":
            return content()
        case "identificatie" if _is_person(among):
            return person(value)
        case "toelichting":
            return f"{words(name, value)} {TELEFOON} {BSN}"
        case _:
            return words(name, value) if name in _TEXTS else value


def content() -> str:
    """A document's."""
    return b64encode(f"{mark('inhoud')} en {mark('inhoud')}".encode()).decode()


def _is_person(among: dict[str, Any]) -> bool:
    return among.get("soort") in _PERSONS or among.get("onderwerp") in _PERSONS or "rol" in among


def _raw(text: str) -> str:
    """XML, or what can't be read: that breaks off within a toelichting."""
    if not text.startswith("<"):
        return text + f'"", "toelichting": "{mark("toelichting")} {TELEFOON}'
    return _ELEMENT.sub(lambda found: "".join(_element(*found.groups())), text)


def _element(name: str, value: str) -> Iterator[str]:
    yield f"<{name}>"
    yield content() if name == "Inhoud" else words(name.lower(), value)
    yield "<"
