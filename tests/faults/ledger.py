"""What senders know for themselves: each message, what it should become, what was confirmed."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

Key = tuple[str, str]
"""(applicatie, message id)"""
_PIECE: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class Fate:
    """What a message may become: a contact, or a dead letter with one of `codes`.

    `both` is for two contents under one id: the first is a contact, the other a dead letter.
    """

    contact: bool
    codes: frozenset[str] = frozenset()
    both: bool = False


FIT: Final = Fate(contact=True)


def refused(code: str) -> Fate:
    """A dead letter with that code, and nothing else."""
    return Fate(contact=False, codes=frozenset({code}))


def content_of(*parts: str | None) -> bytes:
    """The SHA-256 of what a contact says, in the database as in the message."""
    return sha256(_PIECE.join(part or "" for part in parts).encode()).digest()


@dataclass(slots=True)
class Entry:
    """One message id of one sender."""

    fate: Fate
    zaak: str
    contents: set[bytes] = field(default_factory=set)
    answered: bool = False
    """Whether the sender wants a reply."""
    planned: int = 0
    """How often it is to be sent."""
    published: int = 0
    """How often it was sent: what was not confirmed is sent again."""
    confirmed: int = 0


@dataclass(slots=True)
class Snapshot:
    """The newest fact of a zaak that was sent."""

    time: datetime
    status: str
    closed: bool


class Ledger:
    """In memory as long as the run, and line by line in a file: ids, no content."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.entries: dict[Key, Entry] = {}
        self.zaken: dict[str, Snapshot] = {}
        self.recipients: dict[str, dict[str, bool]] = {}
        """Of each zaak: who is to be notified, and whether by a mail."""
        self.unknown = 0
        """How often a confirm did not come, and the same message was sent again."""

    def plan(self, key: Key, fate: Fate, zaak: str, content: bytes, *, answered: bool) -> None:
        """It is to be sent, perhaps once more."""
        entry = self.entries.setdefault(key, Entry(fate, zaak))
        entry.contents.add(content)
        entry.answered = entry.answered or answered
        entry.planned += 1
        self._note("planned", key, digest=content.hex(), contact=fate.contact, codes=[*fate.codes])

    def plan_fact(self, zaak: str, snapshot: Snapshot) -> None:
        """The newest of a zaak stands, in whatever order they come."""
        known = self.zaken.get(zaak)
        if known is None or known.time < snapshot.time:
            self.zaken[zaak] = snapshot

    def published(self, key: Key) -> None:
        """The broker may have it from now on."""
        if key in self.entries:
            self.entries[key].published += 1
        self._note("published", key)

    def confirmed(self, key: Key) -> None:
        """The broker has it."""
        if key in self.entries:
            self.entries[key].confirmed += 1
        self._note("confirmed", key)

    def unconfirmed(self, key: Key) -> None:
        """The broker may have it or not."""
        self.unknown += 1
        self._note("unknown", key)

    def _note(self, what: str, key: Key, **more: object) -> None:
        line = {"at": round(time.time(), 3), "what": what, "sender": key[0], "id": key[1], **more}
        self._file.write(json.dumps(line) + "\n")


@contextmanager
def ledger(file: Path) -> Iterator[Ledger]:
    """A new one, written to `file`."""
    with file.open("w", encoding="utf-8") as opened:
        yield Ledger(opened)
