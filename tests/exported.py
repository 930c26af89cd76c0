"""What Prometheus finds: every metric with its labels, and their values where those are few."""

from __future__ import annotations

from typing import Final

ANY: Final[frozenset[str]] = frozenset()
"""Values that are not listed here."""

_Labels = dict[str, frozenset[str]]

_ROLE: Final[_Labels] = {"role": frozenset({"intake", "relay", "mailer", "sink"})}
_OUTCOMES: Final = frozenset({"geregistreerd", "herhaald", "afgewezen", "uitgesteld"})
_MAILS: Final = frozenset({"verzonden", "uitgesteld", "mislukt", "onzeker"})
_LETTERS: Final = frozenset({"wacht", "open", "hervat", "opgelost", "gearchiveerd"})

_PLAIN: Final[dict[str, _Labels]] = {
    "klantcontact_messages_total": {"kanaal": ANY, "outcome": _OUTCOMES},
    "klantcontact_refusals_total": {"code": ANY},
    "klantcontact_mails_total": {"outcome": _MAILS},
    "klantcontact_outbox_published_total": {},
    "klantcontact_outbox_parked_total": {},
    "klantcontact_outages_total": _ROLE,
    "klantcontact_suspects_total": {},
    "klantcontact_queue_blocked": {"queue": ANY},
    "klantcontact_spans_total": {"outcome": frozenset({"sent", "lost"})},
    "klantcontact_role_ready": _ROLE,
    "klantcontact_role_alive": _ROLE,
    "klantcontact_oldest_in_hand_seconds": _ROLE,
    "klantcontact_outbox_rows": {},
    "klantcontact_outbox_oldest_seconds": {},
    "klantcontact_outbox_parked_rows": {},
    "klantcontact_notifications": {"toestand": ANY},
    "klantcontact_dead_letters": {"code": ANY, "toestand": _LETTERS},
    "klantcontact_waiting_oldest_seconds": {},
    "klantcontact_pool_connections": {**_ROLE, "state": frozenset({"idle", "used"})},
    "klantcontact_pool_limit": _ROLE,
    "klantcontact_watchdog_missed_beats": {},
}
_HISTOGRAMS: Final[dict[str, _Labels]] = {
    "klantcontact_batch_messages": _ROLE,
    "klantcontact_batch_seconds": _ROLE,
    "klantcontact_registration_seconds": {},
    "klantcontact_mail_attempt_seconds": {},
}

OWN: Final[dict[str, _Labels]] = {
    **_PLAIN,
    **{f"{name}_bucket": {**labels, "le": ANY} for name, labels in _HISTOGRAMS.items()},
    **{f"{name}_{end}": each for name, each in _HISTOGRAMS.items() for end in ("sum", "count")},
}
"""What the program exports."""

# Of prometheus-client, of RabbitMQ's plugin (as 3.10 and 4.3 name them), and of Prometheus.
_OTHERS: Final[dict[str, _Labels]] = {
    "process_start_time_seconds": {},
    "process_resident_memory_bytes": {},
    "process_cpu_seconds_total": {},
    "rabbitmq_detailed_queue_messages_ready": {"queue": ANY, "vhost": ANY},
    "rabbitmq_detailed_queue_messages_unacked": {"queue": ANY, "vhost": ANY},
    "rabbitmq_alarms_memory_used_watermark": {},
    "rabbitmq_alarms_free_disk_space_watermark": {},
    "up": {},
    "ALERTS": {"alertname": ANY, "alertstate": frozenset({"firing", "pending"}), "severity": ANY},
}

EXPORTED: Final[dict[str, _Labels]] = {
    name: {**labels, "job": ANY, "instance": ANY} for name, labels in {**OWN, **_OTHERS}.items()
}
"""All of it, with the labels that Prometheus itself adds."""
