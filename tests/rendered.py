"""Made-up facts, hard values for them, and the mails that the shipped templates make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from worker.domain.notifications import Soort
from worker.rendering import Contact, MailFacts, Rendered, Templates

OURS = Path(__file__).parents[1] / "templates"
TEMPLATES = {soort: Templates(OURS, notificatie=soort.value) for soort in Soort}
EVERY = [(soort, taal) for soort in Soort for taal in TEMPLATES[soort].talen]
"""Every mail that is shipped, by kind and language."""
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
SEVERAL = tuple(
    Contact(kind, date(2026, 11, 19 + day))
    for day, kind in enumerate(("click", "call", "face", "mail", "e-mail"))
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


def render(**changes: object) -> Rendered:
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]
    return TEMPLATES[facts.soort].render(facts, zaak_link=LINK)


def write(folder: Path, file: str, source: str | bytes) -> Path:
    """A municipality's own file in its own folder, which is given back."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    return folder
