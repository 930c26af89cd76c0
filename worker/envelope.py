"""A message as it came, and what it says of itself once decoded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from worker.errors import Refusal, problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.domain.identity import Identity
    from worker.errors import Code, Violation
    from worker.spans import Span


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as the broker handed it over. Nothing in it is trusted, but `user_id`.

    The broker compares `user_id` with the publishing connection's user and refuses what
    differs, so it proves the applicatie; it is None where the publisher set none.
    """

    body: bytes
    queue: str
    user_id: str | None
    message_id: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    timestamp: datetime | None = None
    reply_to: str | None = None
    correlation_id: str | None = None
    redelivered: bool = False
    headers: Mapping[str, Any] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with each property that could not be decoded, and so is absent; by its name."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who claims to have sent what, when. (applicatie, source, id) is the message's key.

    `data` is JSON, whatever the format that it came in.
    """

    applicatie: str
    source: str
    id: str
    time: datetime
    data: bytes
    trace: str | None = field(default=None, compare=False)
    """The context that the event itself came with (see `spans`)."""

    @property
    def key(self) -> Key:
        """The message's identity: the applicatie is proven, source and id are claims."""
        return self.applicatie, self.source, self.id


Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """What a message says of itself that has no envelope: each part where it is well-formed.

    All of it is the sender's word, and the source may even be another applicatie's.
    """

    source: str | None = None
    id: str | None = None
    zaak: str | None = None


_NOTHING: Final = Named()
# A token of 8 KiB, and a word before it.
_LONGEST_HEADER: Final = 8192 + 100


@dataclass(frozen=True, slots=True)
class Resumed:
    """The dead letter that a message was taken out of, and which attempt this is.

    `version` is that of its content; `key` and `digest` are those it came with, before anybody
    put it right, `came` is when that was; `late` allows it to have been old by then. `waits` tells
    that it came by its schedule, of which `deferrals` are behind it.
    """

    dead_letter: UUID
    attempt: int
    version: int
    key: Key
    digest: bytes
    came: datetime
    late: bool = False
    waits: bool = False
    deferrals: int = 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that becomes a dead letter.

    `claim` is the key it holds in the inbox, if any; `identity` is what its token says, where
    the token's signature is good. One that is to be judged `again` at a moment is put off; the
    others are refused. One that was `resumed` goes back to the dead letter that it came from.
    `named` stands in for an envelope that could not be read.
    """

    id: UUID
    delivery: Delivery
    violations: tuple[Violation, ...]
    digest: bytes
    envelope: Envelope | None = None
    zaak: str | None = None
    claim: Key | None = None
    identity: Identity | None = None
    resumed: Resumed | None = None
    again: datetime | None = None
    span: Span | None = field(default=None, compare=False)
    named: Named = _NOTHING

    @property
    def source(self) -> str | None:
        """Where it says that it comes from."""
        return self.envelope.source if self.envelope else self.named.source

    @property
    def message_id(self) -> str | None:
        """Its own id; where none can be read, the one that stands beside it."""
        if self.envelope:
            return self.envelope.id
        return self.named.id or self.delivery.message_id

    @property
    def code(self) -> Code:
        """The first code in the published order."""
        return Refusal(*self.violations).code

    @property
    def unjudged(self) -> str | None:
        """The header `authorization` of one whose token is still to be judged, at its next try."""
        judged = any(each.field == "authorization" for each in self.violations)
        if self.identity is not None or (judged and self.again is None):
            return None
        return authorization(self.delivery.headers)

    def problem(self, letter: UUID) -> dict[str, Any]:
        """The RFC 9457 problem; `letter` is the dead letter that the message is kept as.

        A property that could not be decoded is named: it is not what its sender set.
        """
        return problem(_explained(self.violations, self.delivery.unreadable), f"urn:uuid:{letter}")


# The properties that a message may be refused for.
_NEEDED: Final = frozenset({"message_id", "user_id", "content_type", "content_encoding"})


def _explained(
    violations: tuple[Violation, ...], unreadable: Mapping[str, str]
) -> tuple[Violation, ...]:
    """A property that is missing as it could not be decoded; the first reason names the others."""
    if not unreadable:
        return violations
    wrong = {name: f"{name} {what}" for name, what in unreadable.items()}
    first, *others = (
        replace(each, detail=wrong.pop(each.field))
        if each.field in _NEEDED & wrong.keys() and not each.made_up
        else each
        for each in violations
    )
    if wrong:
        first = replace(first, detail=f"{first.detail} (ignored: {'; '.join(wrong.values())})")
    return (first, *others)


def authorization(headers: Mapping[str, Any]) -> str | None:
    """What the header says, where that can be ASCII text with a token in it."""
    value = headers.get("authorization") or headers.get("Authorization")
    text = value.decode("ascii", "replace") if isinstance(value, bytes | bytearray) else value
    fits = isinstance(text, str) and len(text) <= _LONGEST_HEADER and "\x00" not in text
    return text if fits else None


class Lane(Protocol):
    """A source of batches. A batch is settled before the next one is taken."""

    async def batch(self) -> Sequence[Delivery]:
        """Wait for at least one delivery; empty when the lane was asked to stop."""

    async def settle(self) -> None:
        """Acknowledge everything that was handed out."""


class Story(Protocol):
    """What is done with deliveries."""

    async def take(self, batch: Sequence[Delivery]) -> None:
        """When this returns, everything of the batch is on record."""

    async def condemn(self, batch: Sequence[Delivery]) -> None:
        """As `take`, of what is given up: nothing of its content is looked at."""
