"""The content of a dead letter as the contract's JSON, whatever the format that it came in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from worker.cli.dead_letters.shapes import FACTS as FACT_SHAPES
from worker.cli.dead_letters.shapes import shape_of
from worker.errors import Refusal
from worker.formats import REGISTREREN, ZAAK_BIJGEWERKT, decode
from worker.formats.content import read_json
from worker.postgres.objections import FACTS, KLANTCONTACTEN

if TYPE_CHECKING:
    from worker.cli.dead_letters.shape import Shape
    from worker.envelope import Delivery
    from worker.stored import Stored

MOST: Final = 8 * 1024 * 1024
"""The largest body that is read, in bytes: what a worker may be set to take."""
# It is read for people to look at: what the delivery lacks is told beside it.
_ABSENT: Final = "absent"


@dataclass(frozen=True, slots=True)
class Content:
    """What could be read: `data` is the JSON's bytes, `document` what they say.

    `whole` tells that the message around it could be read as well, so that what is wrong is
    wrong with this content.
    """

    data: bytes
    document: Any
    fact: bool
    whole: bool = True

    @property
    def shape(self) -> Shape:
        """What it should be by the contract."""
        return shape_of(self.document, fact=self.fact)


def is_fact(queue: str) -> bool:
    """Whether the queue brings facts of the register."""
    return queue == FACTS


def is_contract(queue: str) -> bool:
    """Whether what the queue brings is in the contract at all."""
    return is_fact(queue) or queue.startswith(KLANTCONTACTEN)


def as_it_came(stored: Stored) -> Content | None:
    """The content that was sent; None if nothing of the contract can be read in it."""
    delivery = stored.delivery
    if not is_contract(delivery.queue):
        return None
    fact = is_fact(delivery.queue)
    try:
        envelope = decode(
            _complete(delivery), stored.received, MOST, ZAAK_BIJGEWERKT if fact else REGISTREREN
        )
        return Content(envelope.data, read_json(envelope.data), fact)
    except Refusal:
        return _within(delivery.body, fact=fact)


def edited(data: bytes, *, fact: bool) -> Content:
    """A version that a person made."""
    return Content(data, read_json(data), fact)


def in_body(field: str, *, fact: bool) -> str:
    """A field as errors have it, as a path in the content: a fact's begin with what it is."""
    first, dot, rest = field.partition(".")
    return rest if fact and dot and first in FACT_SHAPES else field


def _complete(delivery: Delivery) -> Delivery:
    return replace(
        delivery,
        user_id=delivery.user_id or _ABSENT,
        message_id=delivery.message_id or _ABSENT,
    )


def _within(body: bytes, *, fact: bool) -> Content | None:
    """JSON in a wrapping that is wrong is still worth looking at."""
    if len(body) > MOST:
        return None
    try:
        document = read_json(body)
    except Refusal:
        return None
    if isinstance(document, dict) and "specversion" in document:
        document = document.get("data")
    if not isinstance(document, dict):
        return None
    return Content(body, document, fact, whole=False)
