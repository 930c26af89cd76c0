"""In which order settings are told of, so that a reader finds them: by what they are about."""

from __future__ import annotations

from typing import Final

# A name, or how names begin. A name in full comes before a beginning.
GROUPS: Final = {
    "Broker": ("amqp_", "zaaksysteem", "unacknowledged"),
    "Database": ("postgres_",),
    "Mail server": ("smtp_",),
    "Mails": ("mail_", "portal_url", "zaaksysteem_url", "templates"),
    "Tokens": ("token_", "openid_"),
    "Messages": (
        "event_source",
        "contacts_without_zaak",
        "oldest_message",
        "clock_skew",
        "message_bytes",
    ),
    "Intake": ("memory_budget", "batch_", "intake_"),
    "Outbox": ("relay_", "mail_lease"),
    "Waiting and dead letters": (
        "deferrals",
        "retry_lease",
        "growth_period",
        "keep_",
        "housekeeping",
    ),
    "Process": ("outage_pause", "drain", "watchdog"),
    "Health and metrics": ("http_",),
    "Traces": ("traces_",),
    "Log": ("log_",),
}
ESSENTIAL: Final = (
    "amqp_url",
    "postgres_url",
    "smtp_host",
    "smtp_username",
    "smtp_password",
    "mail_from",
    "mail_from_name",
    "mail_bounces",
    "portal_url",
    "zaaksysteem_url",
    "token_secrets_file",
    "openid_jwks",
    "openid_issuer",
    "openid_audience",
    "event_source",
)
"""What differs from one municipality to the next; everything else has a default that will do."""


def group_of(name: str) -> str:
    """The group of a setting; raises LookupError if it has none."""
    for group, names in GROUPS.items():
        if name in names:
            return group
    for group, names in GROUPS.items():
        if name.startswith(tuple(each for each in names if each.endswith("_"))):
            return group
    raise LookupError(name)
