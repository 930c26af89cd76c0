"""Properties and headers, of which only what is known to be impersonal is shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from worker.cli.dead_letters.masking import hidden_name
from worker.cli.hiding import hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN: Final = "authorization"  # noqa: S105 (the name of a header)
# The program's own words on what could not be decoded.
_UNREADABLE: Final = "unreadable"
NEVER: Final = "(a token; never shown)"
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ][0-9:.]{5,15}(Z|[+-]\d\d:\d\d)")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}(; ?charset=[A-Za-z0-9-]{1,20})?")
_NAME: Final = re.compile(r"[a-z0-9_.-]{1,100}")
# What the message is called by stands above it already.
_CALLED: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,500}")
_KNOWN: Final = {
    "content_type": _MEDIA_TYPE,
    "content_encoding": re.compile(r"[a-z0-9-]{0,20}"),
    "message_id": _CALLED,
    "user_id": _CALLED,
    "timestamp": _MOMENT,
    "reply_to": re.compile(
        r"amq\.rabbitmq\.reply-to[A-Za-z0-9._=/+-]{0,200}|antwoord\.[a-z0-9.-]{1,100}"
    ),
    "correlation_id": _UUID,
    "time": _MOMENT,
    "specversion": re.compile(r"[0-9.]{1,5}"),
    "type": _NAME,
    "source": _CALLED,
    "id": _CALLED,
    "datacontenttype": _MEDIA_TYPE,
    "zaak": re.compile(r"[^\x00-\x20]{1,100}"),
    "afzender": re.compile(r"[^\x00-\x20]{1,320}"),
    "x-first-death-exchange": _NAME,
    "x-first-death-queue": _NAME,
    "x-first-death-reason": _NAME,
    "x-last-death-exchange": _NAME,
    "x-last-death-queue": _NAME,
    "x-last-death-reason": _NAME,
}
_PERSONAL: Final = frozenset({"antwoord", "ontvanger", "x-death"})
_NUMBERS: Final = frozenset({"x-delivery-count"})
_PREFIXES: Final = ("cloudEvents:", "cloudEvents_")
_OF_AN_EVENT: Final = frozenset({"specversion", "type", "source", "id", "time", "datacontenttype"})


def properties(kept: Mapping[str, Any], *, reveal: bool) -> dict[str, Any]:
    """All that were given but the headers."""
    given = {name: value for name, value in kept.items() if name not in {"headers", _UNREADABLE}}
    unreadable = kept.get(_UNREADABLE)
    return dict(_shown(given, reveal=reveal)) | ({_UNREADABLE: unreadable} if unreadable else {})


def headers(kept: Mapping[str, Any], *, reveal: bool) -> dict[str, Any]:
    """All there are; where JSON had no room for them they are one text, with the token in it."""
    found = kept.get("headers")
    if isinstance(found, dict):
        return dict(_shown(found, reveal=reveal))
    return {} if not found else {"headers": hidden(found)}


def _shown(given: Mapping[str, Any], *, reveal: bool) -> Iterator[tuple[str, Any]]:
    made_up = 0
    for name, value in given.items():
        if value is None:
            continue
        known = _known(name)
        if _TOKEN in name.lower():
            yield _TOKEN, NEVER
        elif reveal:
            yield name, _without_token(value)
        elif known is None:
            made_up += 1
            yield hidden_name(name, made_up), hidden(value)
        else:
            yield name, value if _may_show(known, value) else hidden(value)


def _known(name: str) -> str | None:
    """What the name stands for, if it is one that is known."""
    for prefix in _PREFIXES:
        if (bare := name.removeprefix(prefix)) != name:
            return bare if bare in _OF_AN_EVENT else None
    known = name in _KNOWN or name in _NUMBERS or name in _PERSONAL
    return name if known else None


def _may_show(known: str, value: object) -> bool:
    if known in _NUMBERS:
        return isinstance(value, int)
    form = _KNOWN.get(known)
    return form is not None and isinstance(value, str) and form.fullmatch(value) is not None


def _without_token(value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """However deep somebody put it."""
    if isinstance(value, dict):
        return {
            name: NEVER if _TOKEN in name.lower() else _without_token(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_without_token(each) for each in value]
    return value
