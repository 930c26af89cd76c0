"""From deliveries to registrations: each proved, decoded and parsed, or turned away."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from uuid_utils.compat import uuid7

from worker.envelope import Rejection
from worker.errors import Code, Refusal, Violation
from worker.formats import decode
from worker.formats.content import parse_klantcontact
from worker.message_log import say_unexpected
from worker.registration import Registration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from worker.domain.identity import Identity
    from worker.envelope import Delivery
    from worker.logs import Log

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
        self.proofs.look()
        read = [self._one(delivery, now) for delivery in batch]
        if await self.proofs.renew():
            read = [self._one(delivery, now) for delivery in batch]
        return (
            [each for each in read if isinstance(each, Registration)],
            [each for each in read if isinstance(each, Rejection)],
        )

    def _one(self, delivery: Delivery, now: datetime) -> Registration | Rejection:
        """Whatever is wrong with one delivery stays its own, and is said all at once."""
        violations: list[Violation] = []
        envelope = identity = None
        try:
            identity = self._prove(delivery, violations)
            envelope = decode(delivery, now, self.message_bytes)
            klantcontact = parse_klantcontact(envelope.data)
            if identity is not None:
                kanaal = self.kanalen[delivery.queue]
                digest = klantcontact.digest()
                return Registration(
                    uuid7(), delivery, envelope, klantcontact, digest, kanaal, identity
                )
        except Refusal as refusal:
            violations += refusal.violations
        except Exception as error:  # noqa: BLE001 (a defect must not stop the other messages)
            say_unexpected(self.log, delivery.message_id, error)
            violations.append(UNEXPECTED)
        digest = sha256(delivery.body).digest()
        reasons = Refusal(*violations).violations
        return Rejection(uuid7(), delivery, reasons, digest, envelope, identity=identity)

    def _prove(self, delivery: Delivery, violations: list[Violation]) -> Identity | None:
        try:
            return self.proofs.prove(delivery.headers, delivery.body)
        except Refusal as refusal:
            violations += refusal.violations
            return None
