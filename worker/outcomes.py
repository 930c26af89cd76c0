"""What others are told of a message's outcome: an event for everybody, a reply for its sender.

Both are CloudEvents (structured; NL GOV profile) and information-poor: ids and codes, never
what was said. Only the reply names a field that the sender made up: that is their own text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from uuid_utils.compat import uuid7

from worker import spans

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from worker.envelope import Delivery, Rejection
    from worker.registration import Acceptance, Registration, Repetition

GEREGISTREERD: Final = "nl.overheid.klantcontacten.klantcontact-geregistreerd"
AFGEWEZEN: Final = "nl.overheid.klantcontacten.klantcontact-afgewezen"
UITGESTELD: Final = "nl.overheid.klantcontacten.klantcontact-uitgesteld"
MAIL_MISLUKT: Final = "nl.overheid.klantcontacten.mail-mislukt"
DEAD_LETTERS_GROEIEN: Final = "nl.overheid.klantcontacten.dead-letters-groeien"
CONTENT_TYPE: Final = "application/cloudevents+json"

_DIRECT: Final = "amq.rabbitmq.reply-to."
"""What the broker makes of a sender's own connection: nobody else's queue."""
# A short string of AMQP 0-9-1, as a routing key is.
_LONGEST: Final = 255
# It may hold none (section 4.2.5.3) and PostgreSQL keeps none, but a broker lets it through.
_NUL: Final = "\x00"


@dataclass(frozen=True, slots=True)
class Event:
    """For whoever subscribes to `type`."""

    id: UUID
    type: str
    content: bytes
    trace: str | None = None
    """The context of what it tells of (see `spans`)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """For the sender of one message, on the queue that it named."""

    id: UUID
    type: str
    content: bytes
    queue: str
    correlation_id: str | None
    trace: str | None = None


Announcement = Event | Reply


@dataclass(frozen=True, slots=True)
class Growth:
    """A group of dead letters that grows: how many are open, and the last time that one came.

    `fresh` are those of them that came first since it was told last that the group grows.
    """

    code: str
    queue: str
    veld: str
    count: int
    fresh: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class Announcer:
    """Says what became of messages; `source` names this installation: `urn:nld:oin:...`."""

    source: str

    def registered(self, accepted: Acceptance, now: datetime) -> list[Announcement]:
        """An event, and a reply if it is asked for."""
        asked = accepted.registration
        event = self._geregistreerd(asked, accepted.klantcontact, now, asked.klantcontact.zaak)
        return [event, *_reply(event, event.content, asked.delivery)]

    def repeated(self, repetition: Repetition, now: datetime) -> list[Announcement]:
        """The same reply again; for everybody else nothing happened."""
        event = self._geregistreerd(
            repetition.registration, repetition.klantcontact, now, repetition.zaak
        )
        return _reply(event, event.content, repetition.registration.delivery)

    def refused(self, rejection: Rejection, kept: UUID, now: datetime) -> list[Announcement]:
        """As `registered`; `kept` is the dead letter that it is kept as.

        What is put off is told of once, as such: the final outcome follows.
        """
        if rejection.again and rejection.resumed:
            return []
        kind = UITGESTELD if rejection.again else AFGEWEZEN
        delivery, named = rejection.delivery, rejection.message_id
        data = {
            "bericht": {
                "applicatie": delivery.user_id,
                "bron": rejection.source,
                "id": named,
            },
            "probleem": rejection.problem(kept),
        }
        event_id = uuid7()
        full = self._event(event_id, kind, named or str(kept), now, data)
        masked = data
        if any(each.made_up for each in rejection.violations):
            masked = data | {"probleem": _masked(rejection, kept)}
        content = self._event(event_id, kind, named or str(kept), now, masked)
        event = Event(event_id, kind, content, spans.carried(rejection.span))
        return [event, *_reply(event, full, delivery)]

    def growing(self, growth: Growth, now: datetime) -> Event:
        """For whoever looks after the dead letters; the group, and nothing of any message."""
        data = {
            "code": growth.code,
            "queue": growth.queue,
            "veld": growth.veld,
            "aantal": growth.count,
            "nieuw": growth.fresh,
            "laatste": growth.latest,
        }
        event_id = uuid7()
        content = self._event(event_id, DEAD_LETTERS_GROEIEN, growth.code, now, data)
        return Event(event_id, DEAD_LETTERS_GROEIEN, content)

    def mail_failed(self, mail: UUID, zaak: str, toestand: str, now: datetime) -> Event:
        """For whoever looks after the mails: `toestand` is `mislukt` or `onzeker`."""
        data = {"mail": str(mail), "zaak": zaak, "toestand": toestand}
        event_id = uuid7()
        content = self._event(event_id, MAIL_MISLUKT, str(mail), now, data)
        return Event(event_id, MAIL_MISLUKT, content)

    def _geregistreerd(
        self, asked: Registration, made: UUID, now: datetime, zaak: str | None
    ) -> Event:
        """The event has the klantcontact's own id: told twice, it is known as the same."""
        data = {
            "klantcontact": str(made),
            "zaak": zaak,
            "bericht": {
                "applicatie": asked.envelope.applicatie,
                "bron": asked.envelope.source,
                "id": asked.envelope.id,
            },
        }
        content = self._event(made, GEREGISTREERD, str(made), now, data)
        return Event(made, GEREGISTREERD, content, spans.carried(asked.span))

    def _event(
        self, event: UUID, kind: str, subject: str, now: datetime, data: dict[str, Any]
    ) -> bytes:
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": str(event),
                "source": self.source,
                "type": kind,
                "subject": subject,
                "time": now,
                "datacontenttype": "application/json",
                "data": data,
            }
        )


def _masked(rejection: Rejection, kept: UUID) -> dict[str, Any]:
    """The problem without the names of fields that are not in the contract."""
    full = rejection.problem(kept)
    errors = [
        {**each, "field": None} if violation.made_up else each
        for each, violation in zip(full["errors"], rejection.violations, strict=True)
    ]
    return {**full, "errors": errors}


def _reply(event: Event, content: bytes, delivery: Delivery) -> list[Announcement]:
    queue = delivery.reply_to
    if not queue or not may_be_answered(queue, delivery.user_id):
        return []
    correlation = delivery.correlation_id
    if correlation and _NUL in correlation:
        correlation = None
    return [Reply(event.id, event.type, content, queue, correlation, event.trace)]


def may_be_answered(queue: str, applicatie: str | None) -> bool:
    """Whether a reply may go to `queue`: the sender's own connection, or a queue of its own.

    A reply is written to the default exchange, by which every queue can be reached: one that
    went wherever `reply_to` says would let any sender write to the worker's own queues.
    """
    if len(queue.encode()) > _LONGEST or _NUL in queue:
        return False
    own = f"antwoord.{applicatie}." if applicatie else None
    return queue.startswith(_DIRECT) or (own is not None and queue.startswith(own))
