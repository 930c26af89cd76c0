"""Structured logs: JSON lines in production, colours on a terminal. Ids, never bodies."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from worker import bsn

if TYPE_CHECKING:
    from structlog.typing import EventDict

    from worker.settings import Settings

Log = structlog.typing.FilteringBoundLogger

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(settings: Settings) -> None:
    """Set up structlog for the process, and keep libraries' own logging to their errors."""
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and not sys.stdout.isatty()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    level = _LEVELS[settings.log_level]
    if as_json:
        structlog.configure(
            processors=[*shared, structlog.processors.JSONRenderer(serializer=_to_json)],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                *shared,
                _masked,
                structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty()),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            cache_logger_on_first_use=True,
        )
    silence_libraries()


def silence_libraries() -> None:
    """Libraries log addresses and bodies; what matters of it, we say ourselves."""
    logging.basicConfig(level=logging.CRITICAL, handlers=[logging.NullHandler()], force=True)


def _to_json(event: dict[str, Any], **_: object) -> bytes:
    line = orjson.dumps(event, default=str)
    # The whole line is looked at first, which is many times faster than each of its values.
    return orjson.dumps(bsn.masked(event), default=str) if bsn.may_be_in(line) else line


def _masked(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: bsn.masked(value) for key, value in event.items()}


def log() -> Log:
    """The process's logger."""
    logger: Log = structlog.get_logger()
    return logger
