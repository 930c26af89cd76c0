"""The envelope sender of a mail: an address of its own, by which a report names what came back.

`bounces@example.nl` becomes `bounces+<the mail's id in hex>@example.nl` (RFC 5233), so that a
delivery status report is matched by where it was sent to, whatever its author quotes.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

_TOKEN: Final = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)


def envelope_sender(address: str, mail: UUID) -> str:
    """`address` with the mail's token in it."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{mail.hex}@{domain}"


def mail_of(address: str) -> UUID | None:
    """The mail whose envelope sender this is."""
    found = _TOKEN.search(address)
    return UUID(hex=found[1]) if found else None
