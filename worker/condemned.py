"""A message that is given up unread: the program ended each time that it was tried."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from uuid_utils.compat import uuid7

from worker.envelope import Rejection
from worker.errors import Code, Violation

if TYPE_CHECKING:
    from worker.envelope import Delivery, Resumed

DEADLY: Final = Violation(
    Code.ONVERWACHT,
    "the program ended each time that it tried this message; report it, and retry it with a"
    " version that can take it",
)


def condemned(delivery: Delivery, resumed: Resumed | None = None) -> Rejection:
    """Known by its bytes, as what cannot be read; `resumed` is the dead letter that it was."""
    digest = sha256(delivery.body).digest()
    return Rejection(uuid7(), delivery, (DEADLY,), digest, resumed=resumed)
