"""What a message that is refused says of itself: from where, with which id, about which zaak.

So that its sender hears of it by its own name, and that it counts once however often it comes.
It is read a second time for it, and more leniently: most messages are not refused.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from worker.envelope import Named
from worker.errors import Refusal
from worker.formats import (
    FORMATS,
    LONGEST_ID,
    LONGEST_SOURCE,
    cloud_events,
    content_type,
    fits,
    plain_json,
    xml,
)
from worker.formats.content import read_json, zaak_in, zaak_of
from worker.message_log import say_unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.envelope import Delivery, Rejection
    from worker.logs import Log

    Claims = Mapping[str, Any]


def named(delivery: Delivery, most: int) -> Named:
    """Each part where it can be read and has its form; of a body of more than `most` nothing."""
    claims = _claims(delivery, delivery.body if len(delivery.body) <= most else b"")
    return Named(
        _fitting(claims.get("source"), LONGEST_SOURCE),
        _fitting(claims.get("id"), LONGEST_ID),
        zaak_of(claims),
    )


def with_names(rejection: Rejection, most: int, log: Log) -> Rejection:
    """The same, and what its message says of itself; a defect in reading that costs no more."""
    try:
        claims = named(rejection.delivery, most)
    except Exception as error:  # noqa: BLE001 (it is kept, whatever is the matter with it)
        say_unexpected(log, rejection.delivery.message_id, error)
        return rejection
    return replace(rejection, named=claims, zaak=claims.zaak)


def _fitting(value: object, longest: int) -> str | None:
    return value if isinstance(value, str) and fits(value, longest) else None


def _claims(delivery: Delivery, body: bytes) -> Claims:
    """By the format that it seems to have, as `decode` chooses it."""
    decode = FORMATS.get(content_type(delivery))
    if decode is cloud_events.decode_structured:
        return _structured(body)
    if cloud_events.is_binary(delivery.headers):
        return {**cloud_events.attributes_in(delivery.headers), "zaak": zaak_in(body)}
    if decode is plain_json.decode:
        return {**_beside(delivery), "zaak": zaak_in(body)}
    if decode is xml.decode:
        return {**_beside(delivery), "zaak": delivery.headers.get("zaak"), **_within(body)}
    return {}


def _structured(body: bytes) -> Claims:
    try:
        event = read_json(body)
    except Refusal:
        return {}
    return {**event, "zaak": zaak_of(event.get("data"))} if isinstance(event, dict) else {}


def _beside(delivery: Delivery) -> Claims:
    """What stands in properties where the format has no place for it."""
    source = f"{plain_json.SOURCE}{delivery.user_id}" if delivery.user_id else None
    return {"source": source, "id": delivery.message_id}


def _within(body: bytes) -> Claims:
    with suppress(Refusal):
        return xml.claims(body)
    return {}
