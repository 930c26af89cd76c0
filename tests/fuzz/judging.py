"""What must hold of whatever comes out, whatever went in."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import BaseModel

from tests.contacts import NOW
from worker.errors import Refusal, group_field
from worker.outcomes import Announcer, Reply
from worker.postgres.dead_letters import identity_of, identity_text, json_text, properties_of
from worker.postgres.stored import delivery_of, identity_from
from worker.stored import Stored
from worker.unpacking import unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.envelope import Delivery, Rejection
    from worker.errors import Violation
    from worker.outcomes import Announcement

CANARY: Final = "Kwikstaart"
"""Stands in the values of the seeds: where it turns up, personal data would."""
MOST: Final = 1024 * 1024
ANNOUNCER: Final = Announcer("urn:nld:oin:00000001234567890000")
_MOST_VIOLATIONS: Final = 50
_BIGGEST: Final = 2**63
_LONGEST_SHORT: Final = 255


def storable(value: object) -> None:
    """PostgreSQL takes every text, number and moment in it."""
    match value:
        case str():
            assert "\x00" not in value, "a text holds NUL"
            value.encode()
        case int():
            assert -_BIGGEST <= value < _BIGGEST, "a number of more than 64 bits"
        case datetime():
            assert value.tzinfo is not None, "a moment has no offset"
            value.astimezone(UTC)
        case _:
            for each in _inside(value):
                storable(each)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, BaseModel):
        return [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | frozenset):
        return value
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    return ()


def secret(words: object) -> None:
    """No value of the message is in what is said."""
    assert CANARY not in str(words), "a value of the message is in what is said of it"


def violations(found: Iterable[Violation]) -> None:
    """Few, short, of one code each, and without any value."""
    told = list(found)
    assert 0 < len(told) <= _MOST_VIOLATIONS + 1
    for each in told:
        assert len(each.detail) <= 1000
        assert each.field is None or 0 < len(each.field) <= 100
        secret(each.detail)
        if not each.made_up:
            secret(each.field)


def refusal(error: Refusal) -> None:
    secret(repr(error))
    violations(error.violations)


def ids(delivery: Delivery, rejection: Rejection | None = None) -> list[str]:
    """What may be said of a message: a mutation can carry the canary into it."""
    said = (rejection.source, rejection.message_id, rejection.zaak) if rejection else ()
    return [delivery.message_id or "", delivery.user_id or "", *(each or "" for each in said)]


def kept(rejection: Rejection) -> None:
    """A dead letter can be stored, is told of, and comes out as it went in."""
    violations(rejection.violations)
    assert group_field(rejection.violations)
    storable(identity_of(rejection))
    told(ANNOUNCER.refused(rejection, rejection.id, NOW))
    properties = orjson.loads(json_text(properties_of(rejection)))
    storable(properties)
    again = delivery_of(rejection.delivery.queue, properties, rejection.delivery.body)
    _same(rejection.delivery, again)
    identity = identity_from(identity_text(rejection))
    assert identity == rejection.identity, "what was proven comes out otherwise"
    if rejection.envelope is not None:
        stored = _stored(rejection, again)
        assert unpack(stored, MOST) == rejection.envelope, "the envelope comes out otherwise"


def _same(delivery: Delivery, again: Delivery) -> None:
    for field in fields(delivery):
        value = getattr(delivery, field.name)
        if field.name not in {"headers", "redelivered"}:
            wanted = value.replace("\x00", "\ufffd") if isinstance(value, str) else value
            assert getattr(again, field.name) == wanted, f"{field.name} comes out otherwise"


def _stored(rejection: Rejection, again: Delivery) -> Stored:
    key = identity_of(rejection)
    return Stored(
        id=rejection.id,
        toestand="open",
        attempt=1,
        delivery=again,
        key=key[:3],
        digest=rejection.digest,
        received=NOW,
        time=rejection.envelope.time if rejection.envelope else None,
        identity=rejection.identity,
    )


def told(announcements: Iterable[Announcement]) -> None:
    """An event holds no values, and the outbox takes a reply's address."""
    for each in announcements:
        content: dict[str, Any] = orjson.loads(each.content)
        assert content["specversion"] == "1.0"
        if isinstance(each, Reply):
            storable((each.queue, each.correlation_id))
            assert 0 < len(each.queue.encode()) <= _LONGEST_SHORT
        else:
            secret(content["data"].get("probleem"))
