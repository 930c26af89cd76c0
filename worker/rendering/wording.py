"""What a template gets: each value one line, days and kinds of contact in words.

No locale of the machine is asked. A value can forge neither a line nor a header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from worker.rendering.facts import MailFacts

FALLBACK: Final = "nl"
NAMES: Final = frozenset({"naam", "zaak", "omschrijving", "link", "contacten", "taal"})
SUBJECT: Final = "onderwerp"

# How months and kinds of contact (S4) are called.
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

LANGUAGES: Final = tuple(sorted(_MONTHS))
KINDS: Final = tuple(_KINDS[FALLBACK])

# White space and control characters; marks that turn the direction of all that follows; halves
# of surrogate pairs, which UTF-8 cannot hold. Joiners stay: emoji and several scripts need them.
_UNPRINTABLE: Final = re.compile("[\\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def values(taal: str, facts: MailFacts, link: str) -> dict[str, object]:
    """All that a template may ask for, but the subject; `taal` is one of LANGUAGES."""
    months, kinds = _MONTHS[taal], _KINDS[taal]
    return {
        "taal": taal,
        "naam": one_line(facts.naam),
        "zaak": one_line(facts.zaak),
        "omschrijving": one_line(facts.zaak_omschrijving),
        "link": one_line(link),
        "contacten": [
            {
                "soort": kinds[contact.type],
                "dag": f"{contact.dag.day} {months[contact.dag.month - 1]} {contact.dag.year}",
            }
            for contact in facts.contacten
        ],
    }


def one_line(text: str) -> str:
    """The text without anything that breaks a line or turns its direction."""
    return _UNPRINTABLE.sub(" ", text).strip()


def header_text(text: str) -> str:
    """Give the text as a header may hold it: one line, and no encoded word (RFC 2047).

    For a subject, and for the name beside an address.
    """
    return one_line(text).replace("=?", "= ?")
