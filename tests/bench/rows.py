"""The table of what is measured. A row prepares off the clock and says how long its work took.

A row whose result is wrong raises WrongResult: a wrong result is not fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.bench import dead_letter_rows, intake_rows, mail_rows, retry_rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.site import Site


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    what: str
    share: float
    """Of the number of messages: what is slow gets fewer."""
    prepare: Callable[[Site, int], Awaitable[str]]
    """Bring everything in place; returns the URL of the row's database."""
    run: Callable[[Site, int, str], Awaitable[float]]
    """Do the work, check what came of it, return the seconds it took."""


# What the mail rows work on is made once: those of one share use the same.
MAIL_SHARE: Final = 0.3

ROWS: Final = (
    Row("raw-consume", "aio-pika, multiple ack only", 1,
        intake_rows.filled, intake_rows.raw_consume),
    Row("postgres", "the intake's statements alone", 1,
        intake_rows.seeded, intake_rows.postgres),
    Row("faststream", "FastStream, message by message", 0.2,
        intake_rows.filled, intake_rows.peer("faststream_app")),
    Row("plain", "aio-pika and asyncpg, the same", 0.2,
        intake_rows.filled, intake_rows.peer("plain")),
    Row("intake", "our intake, everything on", 1,
        intake_rows.filled, intake_rows.intake),
    Row("no-tokens", "our intake, believing everybody", 1,
        intake_rows.without_tokens, intake_rows.trusting),
    Row("bound-tokens", "our intake, a token per message", 1,
        intake_rows.with_tokens_of_their_own, intake_rows.intake),
    Row("silent", "our intake, logging errors alone", 1,
        intake_rows.filled, intake_rows.silent),
    Row("traced", "our intake, a trace of each", 1,
        intake_rows.filled, intake_rows.traced),
    Row("traced-tenth", "our intake, a trace of one in ten", 1,
        intake_rows.filled, intake_rows.traced_tenth),
    Row("retry", "the same, refused first and retried", 1,
        retry_rows.refused, retry_rows.retry),
    Row("raw-publish", "aio-pika, ready-made jobs", MAIL_SHARE,
        mail_rows.emptied, mail_rows.raw_publish),
    Row("relay", "our relay, rendering included", MAIL_SHARE,
        mail_rows.outbox, mail_rows.relay),
    Row("ready-bytes", "aiosmtplib, bytes at hand", MAIL_SHARE,
        mail_rows.emptied, mail_rows.peer("ready_bytes")),
    Row("mailer", "our mailer, everything on", MAIL_SHARE,
        mail_rows.offered, mail_rows.mailer),
    Row("send-message", "aiosmtplib, EmailMessage made", MAIL_SHARE / 4,
        mail_rows.emptied, mail_rows.peer("send_message")),
    Row("dead-letters-1m", "list --code, groups and show", 0.02,
        dead_letter_rows.filled, dead_letter_rows.asked),
)  # fmt: skip

RATIOS: Final = {
    "intake/faststream": ("intake", "faststream"),
    "intake/raw-consume": ("intake", "raw-consume"),
    "intake/postgres": ("intake", "postgres"),
    "intake/plain": ("intake", "plain"),
    "tokens-on/off": ("intake", "no-tokens"),
    "bound-tokens/off": ("bound-tokens", "no-tokens"),
    "logging-on/off": ("intake", "silent"),
    "traces-on/off": ("traced", "intake"),
    "traces-tenth/off": ("traced-tenth", "intake"),
    "retry/intake": ("retry", "intake"),
    "relay/raw-publish": ("relay", "raw-publish"),
    "mailer/send_message": ("mailer", "send-message"),
    "mailer/ready-bytes": ("mailer", "ready-bytes"),
}
