"""From deliveries to registrations: each proved, decoded and parsed, or turned away."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from uuid_utils.compat import uuid7

from worker import batches, spans
from worker.envelope import Named, Rejection
from worker.errors import Code, Refusal, Violation
from worker.formats import decode
from worker.formats.content import parse_klantcontact, zaak_in
from worker.formats.naming import named
from worker.message_log import say_unexpected
from worker.registration import Registration, next_try
from worker.unpacking import resumed_from, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from worker.domain.identity import Identity
    from worker.domain.klantcontact import Klantcontact
    from worker.envelope import Delivery, Envelope, Resumed
    from worker.logs import Log
    from worker.spans import Span
    from worker.stored import Stored

UNEXPECTED = Violation(Code.ONVERWACHT, "see the log at the time of this dead letter")


class Proofs(Protocol):
    """Who proves the identity of an opvoerder."""

    def look(self) -> None:
        """Take up keys that changed."""

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        """Who the token of a message names; raises Refusal."""

    async def renew(self) -> bool | None:
        """Ask for keys that tokens named and that were not there; whether there are new ones.

        None: they cannot be had now, and may come later.
        """


@dataclass(slots=True)
class _Read:
    """What is known of one message so far, and what is wrong with it."""

    identity: Identity | None
    envelope: Envelope | None = None
    klantcontact: Klantcontact | None = None
    named: Named = field(default_factory=Named)
    violations: list[Violation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the deliveries of a batch; `message_bytes` is the largest body."""

    proofs: Proofs
    message_bytes: int
    kanalen: Mapping[str, str]
    """Which kanaal each queue stands for."""
    log: Log
    deferrals: Sequence[timedelta] = ()
    """When a message is tried again whose key cannot be had yet, in order."""

    async def read(
        self, batch: Sequence[Delivery], now: datetime
    ) -> tuple[list[Registration], list[Rejection]]:
        """Read all; if a key was missing that can be had meanwhile, once more with it."""
        return await self._all(lambda: [self._one(delivery, now) for delivery in batch], now)

    async def reread(
        self, batch: Sequence[Stored], now: datetime
    ) -> tuple[list[Registration], list[Rejection]]:
        """As `read`, of messages that were put away before.

        The identity that was proven when a message first came stands; only where nothing was
        proven is its token held against the keys again.
        """
        return await self._all(
            lambda: [self._one(each.delivery, each.received, each) for each in batch], now
        )

    async def _all(
        self, read: Callable[[], list[Registration | Rejection]], now: datetime
    ) -> tuple[list[Registration], list[Rejection]]:
        self.proofs.look()
        found = read()
        renewed = await self.proofs.renew()
        if renewed:
            found = read()
        elif renewed is None:
            found = [self._deferred(each, now) for each in found]
        return (
            [each for each in found if isinstance(each, Registration)],
            [each for each in found if isinstance(each, Rejection)],
        )

    def _deferred(self, read: Registration | Rejection, now: datetime) -> Registration | Rejection:
        """One that lacks nothing but a key waits for it, by the schedule."""
        if isinstance(read, Registration) or not all(each.passing for each in read.violations):
            return read
        return replace(read, again=next_try(self.deferrals, read.resumed, now))

    def _one(
        self, delivery: Delivery, received: datetime, stored: Stored | None = None
    ) -> Registration | Rejection:
        """Whatever is wrong with one delivery stays its own, and is said all at once."""
        began = time.time_ns()
        read = _Read(stored.identity if stored else None)
        resumed = resumed_from(stored) if stored else None
        fit: Registration | None = None
        try:
            self._read(read, delivery, received, stored)
            fit = _fit(read, delivery, self.kanalen, resumed)
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other messages)
            say_unexpected(self.log, delivery.message_id, error)
            read.violations.append(UNEXPECTED)
        one = fit or _unfit(read, delivery, resumed)
        return replace(one, span=_span(one, began)) if spans.wanted() else one

    def _read(
        self, read: _Read, delivery: Delivery, received: datetime, stored: Stored | None
    ) -> None:
        read.identity = read.identity or self._prove(delivery, read.violations)
        try:
            read.envelope = self._envelope(delivery, received, stored)
            read.klantcontact = parse_klantcontact(read.envelope.data)
            read.named = Named(zaak=read.klantcontact.zaak)
        except Refusal as refusal:
            read.violations += refusal.violations
            read.named = self._named(delivery, read.envelope, stored)

    def _named(self, delivery: Delivery, envelope: Envelope | None, stored: Stored | None) -> Named:
        """What is known of one that is refused; its zaak as somebody put it right, if they did."""
        if envelope is not None:
            return Named(zaak=zaak_in(envelope.data))
        found = named(delivery, self.message_bytes)
        edited = stored.edited if stored else None
        return found if edited is None else replace(found, zaak=zaak_in(edited))

    def _envelope(self, delivery: Delivery, received: datetime, stored: Stored | None) -> Envelope:
        if stored is None:
            return decode(delivery, received, self.message_bytes)
        return unpack(stored, self.message_bytes)

    def _prove(self, delivery: Delivery, violations: list[Violation]) -> Identity | None:
        try:
            return self.proofs.prove(delivery.headers, delivery.body)
        except Refusal as refusal:
            violations += refusal.violations
            return None


def _fit(
    read: _Read, delivery: Delivery, kanalen: Mapping[str, str], resumed: Resumed | None
) -> Registration | None:
    """What was read, if it is all there."""
    envelope, klantcontact, identity = read.envelope, read.klantcontact, read.identity
    if envelope is None or klantcontact is None or identity is None or read.violations:
        return None
    digest, kanaal = klantcontact.digest(), kanalen[delivery.queue]
    return Registration(
        uuid7(), delivery, envelope, klantcontact, digest, kanaal, identity, resumed
    )


def _unfit(read: _Read, delivery: Delivery, resumed: Resumed | None) -> Rejection:
    return Rejection(
        uuid7(),
        delivery,
        Refusal(*read.violations).violations,
        sha256(delivery.body).digest(),
        read.envelope,
        read.named.zaak,
        identity=read.identity,
        resumed=resumed,
        named=read.named,
    )


def _span(one: Registration | Rejection, began: int) -> Span | None:
    """In the trace that the message's headers name, else the one that the event itself names."""
    envelope = one.envelope
    return spans.of_message(
        one.delivery.queue,
        one.message_id if isinstance(one, Rejection) else one.envelope.id,
        spans.context(one.delivery.headers) or (envelope.trace if envelope else None),
        batches.current_span(),
        began,
    )
