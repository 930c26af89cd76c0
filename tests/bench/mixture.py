"""Messages as they come in the worst of weeks: some twice, some unfit, in no order."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tests.bench import tokens
from tests.bench.material import Message, klantcontact, message_id
from worker.rabbitmq.topology import KANALEN

if TYPE_CHECKING:
    from collections.abc import Callable

Key = tuple[str, str]
"""(applicatie, message id)"""

_REPEATED: Final = 0.10
_INVALID: Final = 0.01


@dataclass(frozen=True, slots=True)
class Mixture:
    """What to publish, in this order, and which of it is to be registered or refused."""

    messages: tuple[Message, ...]
    valid: frozenset[Key]
    invalid: frozenset[Key]


def mixture(count: int, seed: int) -> Mixture:
    """`count` messages; a tenth repeats another one, next to it or anywhere in its queue."""
    chance = random.Random(seed)
    repeats = round(count * _REPEATED)
    distinct = [_valid(chance, number) for number in range(count - repeats)]
    unfit = set(chance.sample(range(len(distinct)), max(1, round(len(distinct) * _INVALID))))
    for number, place in enumerate(sorted(unfit)):
        distinct[place] = DEFECTS[number % len(DEFECTS)](distinct[place])
    ordered: list[tuple[float, Message]] = list(enumerate(distinct))
    for number in range(repeats):
        place = chance.randrange(len(distinct))
        near = number % 2 == 0
        ordered.append((place + 0.5 if near else chance.uniform(0, count), distinct[place]))
    ordered.sort(key=lambda each: each[0])
    return Mixture(
        tuple(message for _, message in ordered),
        frozenset(_key(each) for place, each in enumerate(distinct) if place not in unfit),
        frozenset(_key(distinct[place]) for place in unfit),
    )


def _key(message: Message) -> Key:
    return message.kanaal, message.id


def _valid(chance: random.Random, number: int) -> Message:
    kanaal = KANALEN[number % len(KANALEN)]
    contact = klantcontact(chance, kanaal, 20)
    body = json.dumps(contact, ensure_ascii=False).encode()
    token = tokens.of(kanaal, contact["opvoerder"]["identificatie"])
    return Message(kanaal, message_id(chance), body, token=token)


def _not_json(message: Message) -> Message:
    return replace(message, body=message.body[:-1])


def _unknown_field(message: Message) -> Message:
    return replace(message, body=message.body[:-1] + b', "prioriteit": 1}')


def _missing_field(message: Message) -> Message:
    return replace(message, body=message.body.replace(b'"opvoerder"', b'"invoerder"'))


def _nul(message: Message) -> Message:
    return replace(
        message, body=message.body.replace(b'"toelichting": "', b'"toelichting": "\\u0000')
    )


def _unknown_type(message: Message) -> Message:
    return replace(message, content_type="text/plain")


def _unauthorised(message: Message) -> Message:
    return replace(message, body=message.body.replace(b'"mdw-00', b'"mdw-99'))


DEFECTS: Final[tuple[Callable[[Message], Message], ...]] = (
    _not_json,
    _unknown_field,
    _missing_field,
    _nul,
    _unknown_type,
    _unauthorised,
)
