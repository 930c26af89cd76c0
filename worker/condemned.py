"""What becomes of a message that cannot be kept as it is, or be tried once more."""

from __future__ import annotations

from dataclasses import replace
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


IN_NO_FORM: Final = "the database takes a dead letter in no form; see `onverwacht` before"


def condemned(delivery: Delivery, resumed: Resumed | None = None) -> Rejection:
    """One that is given up unread: the program ended each time that it was tried.

    Known by its bytes, as what cannot be read; `resumed` is the dead letter that it was.
    """
    digest = sha256(delivery.body).digest()
    return Rejection(uuid7(), delivery, (DEADLY,), digest, resumed=resumed)


def bare(rejection: Rejection) -> Rejection:
    """What is left of one that cannot be kept as it is: its body, whence and from whom it came."""
    came = replace(rejection.delivery, headers={}, timestamp=None, reply_to=None)
    digest = sha256(came.body).digest()
    return Rejection(rejection.id, came, rejection.violations, digest, resumed=rejection.resumed)
