"""What AsyncAPI has no field for: how a message is known, sent again and limited (CommonMark)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from worker.authentication import LONGEST_TOKEN
from worker.contract.json_schema import differences
from worker.contract.remedies import table
from worker.formats import LONGEST_ID, LONGEST_SOURCE
from worker.settings import Settings


def description() -> str:
    """The description of the whole contract."""
    return f"""\
How channel systems hand klantcontacten to klantcontact, how the zaaksysteem hands it its zaken,
and what it tells in return. Seen from the worker: it *receives* what you send. Written from the
code by `klantcontact contract asyncapi`.

## How a message is known

By (applicatie, source, id). The applicatie is the user of your connection, which the broker
checks (`user_id`); source and id stand where the format has them. The same key with the same
content is the same message, in whatever format it comes: it is answered again, and nothing
happens twice. The same key with other content is refused (`bericht-id-hergebruikt`). A message
that was refused left no trace under its key: mended, it may come under the same one.

## Sending again

Use publisher confirms. No confirm means *unknown*: send the message again, as it was. After the
confirm nothing is lost, and the outcome comes by itself: refused at once, or registered. Order is
not promised.

## Limits

| what | at most |
|---|---|
| a message | {_mebibytes("message_bytes")} (a setting, up to {_most_mebibytes()}): send larger \
documents by `url` |
| its age by its own time | {_days("oldest_message")} (a setting) |
| a clock that is ahead | {_seconds("clock_skew")} (a setting) |
| a token without `exp` | {_hours("token_lifetime")} from its `iat` (a setting) |
| a token | {LONGEST_TOKEN} characters |
| id and source | {LONGEST_ID} and {LONGEST_SOURCE} bytes, printable |

## What the schemas cannot say

{differences()}
XML means the same and is judged by the same rules; the XSD says as much of them as it can.

## What a refusal means

A problem (RFC 9457) of type `urn:klantcontact:probleem:<code>`, its codes in this order:

{table()}"""


def _default(setting: str) -> Any:  # noqa: ANN401 (a setting is of its own type)
    return Settings.model_fields[setting].default


def _mebibytes(setting: str) -> str:
    return f"{_default(setting) // 1024**2} MiB"


def _most_mebibytes() -> str:
    (most,) = (
        each.le for each in Settings.model_fields["message_bytes"].metadata if hasattr(each, "le")
    )
    return f"{most // 1024**2} MiB"


def _days(setting: str) -> str:
    return f"{_default(setting) // timedelta(days=1)} days"


def _hours(setting: str) -> str:
    return f"{_default(setting) // timedelta(hours=1)} hour"


def _seconds(setting: str) -> str:
    return f"{_default(setting) // timedelta(seconds=1)} seconds"
