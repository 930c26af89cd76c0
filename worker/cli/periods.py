"""The moments that the options --since and --until take."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from worker.errors import WrongUsage

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_AGO: Final = re.compile(r"(\d{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def moment(option: str, text: str | None, now: datetime) -> datetime | None:
    """One without an offset is of the Netherlands; 2h is two hours ago. Raises WrongUsage."""
    if text is None:
        return None
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text)
        # In UTC, as the database takes it: near the first and the last year there is no such.
        return (found if found.tzinfo else found.replace(tzinfo=_AMSTERDAM)).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"{option} takes a day, a moment or a time ago: 2026-11-23, 2026-11-23T10:00, 2h, 3d"
        raise WrongUsage(msg) from None
