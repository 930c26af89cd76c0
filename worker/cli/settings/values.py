"""The value of a setting as it would be set."""

from __future__ import annotations

from datetime import timedelta

from pydantic import SecretStr


def written(value: object) -> str | None:
    """A value as it would be set; None for one that is not set."""
    match value:
        case None:
            return None
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case timedelta():
            return _duration(value)
        case tuple():
            return ",".join(str(written(each)) for each in value)
        case _:
            return str(value)


def _duration(length: timedelta) -> str:
    """ISO 8601 without years and months, whose lengths a reader would have to guess."""
    minutes, seconds = divmod(length.seconds + length.microseconds / 1_000_000, 60)
    hours, minutes = divmod(int(minutes), 60)
    days = f"{length.days}D" if length.days else ""
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    time = "".join(f"{amount:g}{name}" for amount, name in parts if amount)
    return f"P{days}T{time}" if time else f"P{days or 'T0S'}"
