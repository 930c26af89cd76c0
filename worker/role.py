"""What a worker process can do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One part of the work; any number of processes may do any of it."""

    INTAKE = "intake"
    RELAY = "relay"
    MAILER = "mailer"
    SINK = "sink"
