"""From deliveries on `klantcontact.dlq` to what each of them is: taken apart, nothing decided.

Of what the broker says of a death its newest word counts alone: whatever stands behind that in
`x-death`, and all of `x-first-death-*`, can be the sender's.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from worker import condemned
from worker.envelope import Rejection
from worker.errors import Code, Refusal, Violation
from worker.formats import decode
from worker.formats.content import parse_klantcontact, zaak_in
from worker.formats.naming import with_names
from worker.message_log import say_unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from worker.envelope import Delivery
    from worker.logs import Log

_REASONS: Final = {
    "rejected": (
        Code.BROKER_REJECTED,
        "a consumer that is not this program's rejected it; find out which and why, then {}",
    ),
    "expired": (
        Code.BROKER_EXPIRED,
        "it was not taken from its queue in time; see to what shortens that, then {}",
    ),
    "maxlen": (
        Code.BROKER_MAXLEN,
        "its queue was full and dropped it; see to the policy of the queue, then {}",
    ),
    "delivery_limit": (
        Code.BROKER_DELIVERY_LIMIT,
        "it was handed out and came back too often; see the log for what failed on it, then {}",
    ),
}
_UNDELIVERABLE: Final = (
    "the broker ended the connection with {} at each delivery of it; ask its sender which protocol"
    " and client it uses, then {}"
)
_UNKNOWN: Final = (
    Code.BROKER_UNKNOWN,
    "the broker gave no reason that is known; see x-death in its headers, then {}",
)


@dataclass(frozen=True, slots=True)
class Queues:
    """What the broker's queues are to the sink: all that there are, and those of their kind."""

    known: frozenset[str]
    contacts: frozenset[str]
    """Whose messages are klantcontacten."""
    facts: str
    retries: str
    """Whose messages are the ids of dead letters."""
    mails: str
    """Whose messages are mail jobs."""


@dataclass(frozen=True, slots=True)
class Dead:
    """One message that the broker dead-lettered, and the moment at which it did, if it said so.

    It is a dead letter of its own, or stands for one that was retried, or for a mail.
    """

    rejection: Rejection
    moment: datetime | None = None
    dead_letter: UUID | None = None
    mail: UUID | None = None
    told: bool = False
    """Whether its sender waits for the outcome of a klantcontact."""


@dataclass(frozen=True, slots=True)
class Deaths:
    """Reads deliveries; `message_bytes` is the largest body that is taken apart."""

    queues: Queues
    message_bytes: int
    log: Log

    def read(self, delivery: Delivery, now: datetime) -> Dead:
        """What it is, by the queue that it died on."""
        return self._of(delivery, now, lambda death, then: _violation(death.get("reason"), then))

    def undeliverable(self, delivery: Delivery, said: str, now: datetime) -> Dead:
        """One that the broker could not deliver; `said` is what it ended connections with.

        From the broker's dead letters it may have been taken: then it is what it was before.
        """

        def violation(_: Mapping[str, Any], remedy: str) -> Violation:
            return Violation(Code.BROKER_UNDELIVERABLE, _UNDELIVERABLE.format(said, remedy))

        return self._of(delivery, now, violation)

    def _of(
        self,
        delivery: Delivery,
        now: datetime,
        violated: Callable[[Mapping[str, Any], str], Violation],
    ) -> Dead:
        death = _death(delivery.headers)
        came, moment = self._came(delivery, death), _moment(death, now)
        retry = _id(came) if came.queue == self.queues.retries else None
        mail = _id(came) if came.queue == self.queues.mails else None
        contact = came.queue in self.queues.contacts
        retriable = contact or came.queue == self.queues.facts or retry is not None
        violation = violated(death, "retry it" if retriable else "archive this")
        if contact:
            return Dead(self._contact(came, violation, moment or now), moment, told=True)
        rejection = _rejection(came, violation)
        if came.queue == self.queues.facts:
            rejection = with_names(rejection, self.message_bytes, self.log)
        return Dead(rejection, moment, retry, mail)

    def condemned(self, delivery: Delivery, now: datetime) -> Dead:
        """One that ended the program each time: a dead letter of its own, nothing in it read."""
        death = _death(delivery.headers)
        return Dead(condemned.condemned(self._came(delivery, death)), _moment(death, now))

    def _came(self, delivery: Delivery, death: Mapping[str, Any]) -> Delivery:
        """As it was on the queue that it died on, if that is one of ours."""
        queue = death.get("queue")
        if isinstance(queue, str) and queue in self.queues.known:
            return replace(delivery, queue=queue)
        return delivery

    def _contact(self, came: Delivery, violation: Violation, received: datetime) -> Rejection:
        """With key, zaak and digest as the intake would have them, where it can be read.

        Its token is not looked at: a retry judges it wholly anew.
        """
        rejection = _rejection(came, violation)
        try:
            envelope = decode(came, received, self.message_bytes)
            zaak = zaak_in(envelope.data)
            rejection = replace(rejection, envelope=envelope, zaak=zaak)
            contact = parse_klantcontact(envelope.data)
            return replace(rejection, digest=contact.digest(), zaak=contact.zaak)
        except Refusal:
            if rejection.envelope:
                return rejection
            return with_names(rejection, self.message_bytes, self.log)
        except Exception as error:  # noqa: BLE001 (it is kept, whatever is the matter with it)
            say_unexpected(self.log, came.message_id, error)
            return rejection


def _violation(reason: object, remedy: str) -> Violation:
    code, detail = _REASONS.get(reason, _UNKNOWN) if isinstance(reason, str) else _UNKNOWN
    return Violation(code, detail.format(remedy))


def _death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """The broker's newest word; empty where there is none."""
    deaths = headers.get("x-death")
    newest = deaths[0] if isinstance(deaths, list) and deaths else None
    return newest if isinstance(newest, dict) else {}


def _moment(death: Mapping[str, Any], now: datetime) -> datetime | None:
    """When it died: the nearest to when it came that is known of it."""
    moment = death.get("time")
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return None
    return min(moment, now)


def _id(delivery: Delivery) -> UUID | None:
    with suppress(ValueError):
        return UUID(delivery.message_id or "")
    return None


def _rejection(came: Delivery, violation: Violation) -> Rejection:
    return Rejection(uuid7(), came, (violation,), sha256(came.body).digest())


def bare(dead: Dead) -> Dead:
    """What is left of one that cannot be kept as it is: no mail, either."""
    return Dead(condemned.bare(dead.rejection), dead.moment)
