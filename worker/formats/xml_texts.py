"""From the text of an element to the value that stands in JSON."""

from __future__ import annotations

from datetime import UTC, datetime
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
            # int() stops at 4300 digits, zeros included; what fills 19 is too large anyway.
            return int(text.strip().lstrip("+-0")[:19] or 0)
        case Kind.BASE64:
            return "".join(text.split())
        case Kind.TOKEN | Kind.DATE:
            return " ".join(text.split())


def moment(text: str) -> str:
    """ISO 8601 with offset as it is; StUF's digits are of the Dutch clock.

    Of the hour that comes twice it is the first one; the hour that is skipped is no moment.
    """
    if not text.isdigit():
        return text
    if len(text) not in STUF_DIGITS or not text.isascii():
        raise ValueError("not a moment in StUF's form")
    padded = text[:8] + text[8:14].ljust(6, "0") + text[14:].ljust(6, "0")
    local = datetime.strptime(padded, "%Y%m%d%H%M%S%f").replace(tzinfo=_AMSTERDAM)
    try:
        # In UTC: until 1937 the Dutch clock was 19 minutes and 32 seconds ahead, no ISO offset.
        in_utc = local.astimezone(UTC)
    except OverflowError:
        raise ValueError("before the first moment there is") from None
    if in_utc.astimezone(_AMSTERDAM).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError("skipped when summer time began")
    return in_utc.isoformat()
