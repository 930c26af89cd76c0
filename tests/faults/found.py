"""What there is after a run, as plain values, so that it can be judged without any service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.faults.ledger import Entry, Key, Snapshot
    from tests.faults.subscriber import Told
    from tests.faults.worker_logs import Logged


@dataclass(frozen=True, slots=True)
class Contact:
    """A klantcontact; `key` is of the message that it was, None where there is none."""

    id: str
    key: Key | None
    zaak: str
    content: bytes
    notified: Mapping[str, str | None]
    """By betrokkene: the mail that tells them, None for whoever gets none."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter that is not resolved; `key` is of the message, or of a mail: ("", id)."""

    key: Key
    code: str
    state: str


@dataclass(frozen=True, slots=True)
class Posted:
    """What the mail server knows: how often it took each mail, and left it unanswered."""

    taken: Mapping[str, int] = field(default_factory=dict)
    unanswered: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disturbed:
    """What the faults of the run may have caused, beside what processes say themselves."""

    mail_ways: int = 0
    """How many were about the way to the mail server."""
    pauses: int = 0
    """How many stopped a process and let it go on."""
    relays_slowed: int = 0
    """How many may have kept a relay from its records for longer than its lease, times relays."""
    boundary_kills: int = 0
    moments: Sequence[tuple[float, float]] = ()
    """From when to when anything but a SIGTERM was going on, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Found:
    """Everything."""

    entries: Mapping[Key, Entry]
    zaken_sent: Mapping[str, Snapshot]
    recipients: Mapping[str, Mapping[str, bool]]
    """Who is to be notified of contacts on a zaak, and whether by a mail."""
    contacts: Sequence[Contact]
    letters: Sequence[Letter]
    zaken: Mapping[str, tuple[str, bool]]
    """The status of each, and whether it is closed."""
    late: Sequence[str]
    """Contacts that were committed on a zaak which was closed by then."""
    mails: Mapping[str, str]
    """The state of each."""
    posted: Posted
    told: Sequence[tuple[str, Told]]
    """Events and replies, with their ids."""
    left: Mapping[str, int]
    """What is in queues and in tables that should be empty, by name."""
    logs: Sequence[Logged]
    disturbed: Disturbed
    wrong: Sequence[str] = ()
    """What processes did that they should not."""
    window: bool = False
    """Whether contacts of a zaak share mails."""
    connections: int = 1
    """How many mails a process sends at once."""
    in_hand: int = 1
    """How many rows of the outbox a process has in hand at once."""
