"""From the text of an element to the value that stands in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from worker.formats.xml_elements import Kind

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
# StUF's Tijdstip, eejjmmddhhmmssddd: as far as it is known, down to thousandths.
STUF_DIGITS: Final = (8, 10, 12, 14, 15, 16, 17)


def value(kind: Kind, text: str) -> str | int | bool:
    """What the JSON of the contract has for `text`, which is valid by the XSD.

    Raises ValueError for a moment that there is not, as 30 February.
    """
    match kind:
        case Kind.TEXT:
            return text
        case Kind.MOMENT:
            return moment(" ".join(text.split()))
        case Kind.BOOLEAN:
            return text.strip() in {"true", "1"}
        case Kind.INTEGER:
            return int(text)
        case Kind.BASE64:
            return "".join(text.split())
        case Kind.TOKEN | Kind.DATE:
            return " ".join(text.split())


def moment(text: str) -> str:
    """ISO 8601 with offset as it is; StUF's digits are of the Dutch clock."""
    if not text.isdigit():
        return text
    if len(text) not in STUF_DIGITS or not text.isascii():
        raise ValueError("not a moment in StUF's form")
    padded = text[:8] + text[8:14].ljust(6, "0") + text[14:].ljust(6, "0")
    return datetime.strptime(padded, "%Y%m%d%H%M%S%f").replace(tzinfo=_AMSTERDAM).isoformat()
