"""What an administrator sets up on the broker, as code.

The worker never applies any of it: an administrator does, by `klantcontact topology apply` or by
importing what `klantcontact topology definitions` prints; `deploy/rabbitmq/definitions.json`
holds the same (a test compares them). Queues are durable quorum queues; everything but the type
is set by policy, so that an operator can change it without making a queue anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

VHOST: Final = "/"
REGISTRATIE: Final = "klantcontact.registratie"
ZAKEN: Final = "klantcontact.zaken"
HERVAT: Final = "klantcontact.hervat"
NOTIFICATIE: Final = "klantcontact.notificatie"
NOTIFICATIE_EMAIL: Final = "klantcontact.notificatie.email"
GEBEURTENIS: Final = "klantcontact.gebeurtenis"
BOUNCE: Final = "klantcontact.bounce"
DLX: Final = "klantcontact.dlx"
DLQ: Final = "klantcontact.dlq"

ABONNEE: Final = "abonnee"
"""The user of a subscriber to events, where there is one; more of them have names of their own."""

KANALEN: Final = ("callcenter", "mailintake", "balie", "portaal")
REGISTRATIE_QUEUES: Final = {f"{REGISTRATIE}.{kanaal}": kanaal for kanaal in KANALEN}

# Unset means 20 on RabbitMQ 4, and a dead-letter queue at its limit drops the message.
DELIVERY_LIMIT: Final = 100_000
# At-least-once dead-lettering needs a maximum; beyond it the publisher is refused.
MAX_LENGTH: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Access:
    """What one user may do: the regular expressions that RabbitMQ's permissions take."""

    configure: str
    write: str
    read: str
    topics: tuple[tuple[str, str], ...] = ()
    """(exchange, routing keys that may be written)."""


def channel_access(kanaal: str, user: str) -> Access:
    """A channel writes its kanaal's routing key and owns the queues that `user` is answered on."""
    replies = rf"^antwoord\.{re.escape(user)}\..*$"
    return Access(
        configure=replies,
        write=r"^klantcontact\.registratie$",
        read=replies,
        topics=((REGISTRATIE, f"^{kanaal}$"),),
    )


def subscriber_access(user: str) -> Access:
    """Events, in queues of the user's own; to bind one is to write to it and to read the exchange.

    Nothing reaches those queues but what is bound there: the user may publish nowhere.
    """
    own = rf"gebeurtenis\.{re.escape(user)}\..*"
    return Access(
        configure=f"^{own}$",
        write=f"^{own}$",
        read=rf"^({own}|klantcontact\.gebeurtenis)$",
    )


def _source(exchange: str, routing_key: str) -> Access:
    """A system that may publish to one exchange with one routing key and nothing else."""
    pattern = f"^{exchange.replace('.', '[.]')}$"
    return Access(
        configure="^$", write=pattern, read="^$", topics=((exchange, f"^{routing_key}$"),)
    )


USERS: Final[dict[str, Access]] = {
    **{kanaal: channel_access(kanaal, kanaal) for kanaal in KANALEN},
    "zaaksysteem": _source(ZAKEN, "zaak"),
    "mailsysteem": _source(BOUNCE, "bounce"),
    ABONNEE: subscriber_access(ABONNEE),
    "worker": Access(
        configure="^$",
        # The default exchange, for replies, is written as amq.default.
        write=r"^(klantcontact\.(hervat|notificatie|gebeurtenis)|amq\.default)$",
        read=(
            r"^klantcontact\."
            r"(registratie\..+|zaken|hervat|notificatie\.email|bounce|dlq)$"
        ),
    ),
}


def definitions() -> dict[str, Any]:
    """Exchanges, queues, bindings and policies, in the form that RabbitMQ imports."""
    return {
        "vhosts": [{"name": VHOST}],
        "exchanges": [_exchange(name, kind) for name, kind in _EXCHANGES.items()],
        "queues": [_queue(name) for name in _QUEUES],
        "bindings": [_binding(*binding) for binding in _BINDINGS],
        "policies": _policies(),
    }


_EXCHANGES: Final = {
    REGISTRATIE: "topic",
    ZAKEN: "topic",
    HERVAT: "direct",
    NOTIFICATIE: "direct",
    GEBEURTENIS: "topic",
    BOUNCE: "topic",
    DLX: "fanout",
}
_QUEUES: Final = (*REGISTRATIE_QUEUES, ZAKEN, HERVAT, NOTIFICATIE_EMAIL, BOUNCE, DLQ)
_BINDINGS: Final = (
    *((REGISTRATIE, queue, kanaal) for queue, kanaal in REGISTRATIE_QUEUES.items()),
    (ZAKEN, ZAKEN, "zaak"),
    (HERVAT, HERVAT, "hervat"),
    (NOTIFICATIE, NOTIFICATIE_EMAIL, "email"),
    (BOUNCE, BOUNCE, "bounce"),
    (DLX, DLQ, ""),
)


def _exchange(name: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": VHOST,
        "type": kind,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": VHOST,
        "durable": True,
        "auto_delete": False,
        "arguments": {"x-queue-type": "quorum"},
    }


def _binding(source: str, queue: str, routing_key: str) -> dict[str, Any]:
    return {
        "source": source,
        "vhost": VHOST,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": routing_key,
        "arguments": {},
    }


def _policies() -> list[dict[str, Any]]:
    """One policy applies to a queue: the one of highest priority whose pattern matches."""
    dead_lettering = {
        "delivery-limit": DELIVERY_LIMIT,
        "dead-letter-exchange": DLX,
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
        "max-length": MAX_LENGTH,
    }
    return [
        _policy("klantcontact", r"^klantcontact\.", 0, dead_lettering),
        _policy("klantcontact-dlq", r"^klantcontact\.dlq$", 10, {"delivery-limit": DELIVERY_LIMIT}),
    ]


def _policy(name: str, pattern: str, priority: int, definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": VHOST,
        "pattern": pattern,
        "apply-to": "queues",
        "priority": priority,
        "definition": definition,
    }
