"""One message on its way through the intake: read, judged fit, or turned away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

from worker.envelope import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.domain.decision import Registered
    from worker.domain.identity import Identity
    from worker.domain.klantcontact import Klantcontact
    from worker.envelope import Delivery, Envelope, Key, Resumed
    from worker.errors import Violation
    from worker.spans import Span


@dataclass(frozen=True, slots=True)
class Registration:
    """One message that could be read, and the id that its klantcontact will have."""

    id: UUID
    delivery: Delivery
    envelope: Envelope
    klantcontact: Klantcontact
    digest: bytes
    kanaal: str
    identity: Identity
    resumed: Resumed | None = None
    span: Span | None = field(default=None, compare=False)

    @property
    def bound_key(self) -> Key:
        """The key that a token which is bound to this message is bound to."""
        return self.resumed.key if self.resumed else self.envelope.key


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A registration that was judged fit, with what follows from it."""

    registration: Registration
    decision: Registered

    @property
    def klantcontact(self) -> UUID:
        """The id of what it becomes."""
        return self.registration.id


@dataclass(frozen=True, slots=True)
class Repetition:
    """A message that was registered before, with the klantcontact that it became."""

    registration: Registration
    klantcontact: UUID
    zaak: str | None


Judged = Acceptance | Rejection | Repetition


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a key was registered with: its klantcontact, in which zaak, of which content.

    Content is known by a digest; where somebody put it right there are two, the sender's own too.
    """

    digests: frozenset[bytes]
    klantcontact: UUID
    zaak: str | None


@dataclass(frozen=True, slots=True)
class Claims:
    """What the inbox says of the keys of a batch that are not new.

    `reused` are those whose token, bound to one message, came with another one before.
    """

    earlier: Mapping[Key, Earlier] = field(default_factory=dict)
    reused: frozenset[Key] = frozenset()


def rejection_of(
    asked: Registration,
    violations: tuple[Violation, ...],
    claim: Key | None = None,
    again: datetime | None = None,
) -> Rejection:
    """The message of `asked` as it becomes a dead letter; `claim` is the key that it holds."""
    return Rejection(
        uuid7(),
        asked.delivery,
        violations,
        asked.digest,
        asked.envelope,
        asked.klantcontact.zaak,
        claim,
        asked.identity,
        asked.resumed,
        again,
        asked.span,
    )


def next_try(
    deferrals: Sequence[timedelta], resumed: Resumed | None, now: datetime
) -> datetime | None:
    """When a message that waits comes again; None if it is refused.

    Whoever retries one by hand wants to know: only a message that came of itself is deferred.
    """
    behind = resumed.deferrals if resumed else 0
    if behind >= len(deferrals) or (resumed and not resumed.waits):
        return None
    return now + deferrals[behind]


def resumed_of(work: Registration | Rejection | Repetition) -> Resumed | None:
    """The dead letter that it was taken out of, if it was."""
    return work.registration.resumed if isinstance(work, Repetition) else work.resumed


def same_trust(asked: Registration, refused: Rejection) -> bool:
    """Whether a message comes with the token and of the moment that another was refused with."""
    time = refused.envelope.time if refused.envelope else None
    return (asked.identity, asked.envelope.time) == (refused.identity, time)


def fold(
    readable: Iterable[Registration],
) -> tuple[list[Registration], list[Registration], list[Registration]]:
    """Split one batch by key: the first of each, its repetitions, and other content under it.

    What has other content is judged after the first one's outcome is on record.
    """
    first: dict[Key, Registration] = {}
    repeated: list[Registration] = []
    later: list[Registration] = []
    for each in readable:
        known = first.setdefault(each.envelope.key, each)
        if known is each:
            continue
        (repeated if known.digest == each.digest else later).append(each)
    return list(first.values()), repeated, later
