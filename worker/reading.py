"""From deliveries to registrations: each proved, decoded and parsed, or turned away."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
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
from worker.registration import Registration
from worker.unpacking import resumed_from, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from worker.domain.identity import Identity
    from worker.envelope import Delivery, Envelope
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

    async def renew(self) -> bool:
        """Ask for keys that tokens named and that were not there; whether there are new ones."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the deliveries of a batch; `message_bytes` is the largest body."""

    proofs: Proofs
    message_bytes: int
    kanalen: Mapping[str, str]
    """Which kanaal each queue stands for."""
    log: Log

    async def read(
        self, batch: Sequence[Delivery], now: datetime
    ) -> tuple[list[Registration], list[Rejection]]:
        """Read all; if a key was missing that can be had meanwhile, once more with it."""
        return await self._all(lambda: [self._one(delivery, now) for delivery in batch])

    async def reread(self, batch: Sequence[Stored]) -> tuple[list[Registration], list[Rejection]]:
        """As `read`, of messages that were put away before.

        The identity that was proven when a message first came stands; only where nothing was
        proven is its token held against the keys again.
        """
        return await self._all(
            lambda: [self._one(each.delivery, each.received, each) for each in batch]
        )

    async def _all(
        self, read: Callable[[], list[Registration | Rejection]]
    ) -> tuple[list[Registration], list[Rejection]]:
        self.proofs.look()
        found = read()
        if await self.proofs.renew():
            found = read()
        return (
            [each for each in found if isinstance(each, Registration)],
            [each for each in found if isinstance(each, Rejection)],
        )

    def _one(
        self, delivery: Delivery, received: datetime, stored: Stored | None = None
    ) -> Registration | Rejection:
        """Whatever is wrong with one delivery stays its own, and is said all at once."""
        violations: list[Violation] = []
        envelope, claims = None, Named()
        identity = stored.identity if stored else None
        resumed = resumed_from(stored) if stored else None
        began = time.time_ns()
        try:
            identity = identity or self._prove(delivery, violations)
            try:
                envelope = self._envelope(delivery, received, stored)
                klantcontact = parse_klantcontact(envelope.data)
            except Refusal as refusal:
                violations += refusal.violations
                claims = self._named(delivery, envelope, stored)
            else:
                claims = Named(zaak=klantcontact.zaak)
                if identity is not None:
                    return Registration(
                        uuid7(),
                        delivery,
                        envelope,
                        klantcontact,
                        klantcontact.digest(),
                        self.kanalen[delivery.queue],
                        identity,
                        resumed,
                        _span(delivery, envelope.id, envelope, began),
                    )
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other messages)
            say_unexpected(self.log, delivery.message_id, error)
            violations.append(UNEXPECTED)
        rejection = Rejection(
            uuid7(),
            delivery,
            Refusal(*violations).violations,
            sha256(delivery.body).digest(),
            envelope,
            claims.zaak,
            identity=identity,
            resumed=resumed,
            named=claims,
        )
        return replace(rejection, span=_span(delivery, rejection.message_id, envelope, began))

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


def _span(
    delivery: Delivery, message_id: str | None, envelope: Envelope | None, began: int
) -> Span | None:
    """In the trace that the message's headers name, else the one that the event itself names."""
    if not spans.wanted():
        return None
    batch = batches.current()
    return spans.of_message(
        delivery.queue,
        message_id,
        spans.context(delivery.headers) or (envelope.trace if envelope else None),
        batch.span if batch else None,
        began,
    )
