"""Metrics: counted where things happen, read by Prometheus. docs/metrics.md has their meanings.

Names are stable, labels few: no id, no address and nothing that a sender made up is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# When a series began is of no use to anybody here, and doubles their number. It has no types.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()
"""All of the process's metrics: the program's own, the process's and the interpreter's."""
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_MESSAGES: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)

MESSAGES: Final = Counter(
    "klantcontact_messages",
    "Klantcontacten taken in, by kanaal and outcome.",
    ("kanaal", "outcome"),
    registry=REGISTRY,
)
REFUSALS: Final = Counter(
    "klantcontact_refusals",
    "Klantcontacten refused or deferred, by the first code in the published order.",
    ("code",),
    registry=REGISTRY,
)
REGISTRATION_SECONDS: Final = Histogram(
    "klantcontact_registration_seconds",
    "From the time that a message bears to the commit of its klantcontact.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
MAILS: Final = Counter(
    "klantcontact_mails",
    "Attempts to send a mail, by what the mail is after it.",
    ("outcome",),
    registry=REGISTRY,
)
MAIL_SECONDS: Final = Histogram(
    "klantcontact_mail_attempt_seconds",
    "How long one conversation with the mail server took.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
PUBLISHED: Final = Counter(
    "klantcontact_outbox_published",
    "Mail jobs, events, replies and recalls that the broker confirmed.",
    registry=REGISTRY,
)
PARKED: Final = Counter(
    "klantcontact_outbox_parked",
    "Outbox rows given up after KLANTCONTACT_RELAY_ATTEMPTS failures.",
    registry=REGISTRY,
)
SUSPECTS: Final = Counter(
    "klantcontact_suspects",
    "Messages given up because each process that had them ended.",
    registry=REGISTRY,
)
QUEUE_BLOCKED: Final = Gauge(
    "klantcontact_queue_blocked",
    "1 while the broker ends this process's connection at the next message of the queue.",
    ("queue",),
    registry=REGISTRY,
)
SPANS: Final = Counter(
    "klantcontact_spans",
    "Spans sent to the collector of traces, or lost because it did not take them.",
    ("outcome",),
    registry=REGISTRY,
)
OUTAGES: Final = Counter(
    "klantcontact_outages",
    "How often a role lost a service; however long it lasts, it is one outage.",
    ("role",),
    registry=REGISTRY,
)
ROLE_READY: Final = Gauge(
    "klantcontact_role_ready",
    "1 while a role has all that it needs and takes work, 0 otherwise.",
    ("role",),
    registry=REGISTRY,
)
ROLE_ALIVE: Final = Gauge(
    "klantcontact_role_alive",
    "1 while a role shows signs of life, in an outage too; 0 once it does nothing any more.",
    ("role",),
    registry=REGISTRY,
)
BATCH_MESSAGES: Final = Histogram(
    "klantcontact_batch_messages",
    "Messages, mails or outbox rows in one batch.",
    ("role",),
    buckets=_MESSAGES,
    registry=REGISTRY,
)
BATCH_SECONDS: Final = Histogram(
    "klantcontact_batch_seconds",
    "From taking a batch to having it on record.",
    ("role",),
    buckets=_SECONDS,
    registry=REGISTRY,
)
OLDEST_IN_HAND: Final = Gauge(
    "klantcontact_oldest_in_hand_seconds",
    "Age of the oldest batch in hand; 0 without one.",
    ("role",),
    registry=REGISTRY,
)
POOL_CONNECTIONS: Final = Gauge(
    "klantcontact_pool_connections",
    "Connections to PostgreSQL, idle and used.",
    ("role", "state"),
    registry=REGISTRY,
)
POOL_LIMIT: Final = Gauge(
    "klantcontact_pool_limit",
    "How many connections to PostgreSQL a role may have.",
    ("role",),
    registry=REGISTRY,
)
WATCHDOG_MISSED: Final = Gauge(
    "klantcontact_watchdog_missed_beats",
    "The most steps, since it was read last, in which the event loop did not go round; of 20.",
    registry=REGISTRY,
)
OUTBOX_ROWS: Final = Gauge(
    "klantcontact_outbox_rows",
    "Outbox rows that are due and not published. From the role sink, as all that follow.",
    registry=REGISTRY,
)
OUTBOX_OLDEST: Final = Gauge(
    "klantcontact_outbox_oldest_seconds",
    "How long the oldest of them has been due; 0 without one.",
    registry=REGISTRY,
)
OUTBOX_PARKED: Final = Gauge(
    "klantcontact_outbox_parked_rows", "Outbox rows that are parked.", registry=REGISTRY
)
NOTIFICATIONS: Final = Gauge(
    "klantcontact_notifications",
    "Mails that are not sent, by state (`verzonden` is not counted).",
    ("toestand",),
    registry=REGISTRY,
)
DEAD_LETTERS: Final = Gauge(
    "klantcontact_dead_letters",
    "Dead letters that somebody should look at or that wait, by code and state.",
    ("code", "toestand"),
    registry=REGISTRY,
)
WAITING_OLDEST: Final = Gauge(
    "klantcontact_waiting_oldest_seconds",
    "Age of the oldest message that waits for its zaak; 0 without one.",
    registry=REGISTRY,
)


_SUFFIXES: Final = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


def names() -> Sequence[str]:
    """Every name that is the program's own, as it stands in an exposition."""
    return sorted(
        f"{metric.name}{suffix}"
        for metric in REGISTRY.collect()
        if metric.name.startswith("klantcontact_")
        for suffix in _SUFFIXES.get(metric.type, ("",))
    )


def replace(
    gauge: Gauge, values: Mapping[tuple[str], float] | Mapping[tuple[str, str], float]
) -> None:
    """The values of a labelled gauge, by its labels; those that are not there any more are gone."""
    gauge.clear()
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
