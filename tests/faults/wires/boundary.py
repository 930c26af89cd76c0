"""Moments that can be seen on a wire, so that a program is stopped at exactly one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

ANSWER_TO_CONTENT: Final = "250 2.6.0"
"""What the mail server of these runs says to a mail, and to nothing else."""


class Side(Enum):
    """Who says something: the client that connected to the wire, or the server behind it."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Boundary:
    """Something that is said, whole in one chunk; one that two chunks share is passed over.

    `opening` is in what the client said first on that connection.
    """

    name: str
    side: Side
    said: re.Pattern[bytes]
    opening: bytes = b""


# PostgreSQL, Frontend/Backend Protocol: Query ("Q") and CommandComplete ("C") with their lengths.
BEFORE_COMMIT: Final = Boundary(
    "before-commit", Side.CLIENT, re.compile(rb"Q\0\0\0[\x0b\x0c]COMMIT;?\0")
)
AFTER_COMMIT: Final = Boundary(
    "after-commit-before-ack", Side.SERVER, re.compile(rb"C\0\0\0\x0bCOMMIT\0")
)
# AMQP 0-9-1: a method frame of 13 bytes, class 60 (basic), method 80 (ack) or 120 (nack).
_ACK: Final = rb"\x01..\0\0\0\x0d\0\x3c\0[\x50%s].{8}[\0-\x03]\xce"
ACK: Final = Boundary(
    "ack-lost", Side.CLIENT, re.compile(_ACK % b"", re.DOTALL), b"klantcontact intake"
)
AFTER_PUBLISH: Final = Boundary(
    "after-publish-before-mark",
    Side.SERVER,
    re.compile(_ACK % b"\x78", re.DOTALL),
    b"klantcontact relay",
)
AFTER_DATA: Final = Boundary(
    "after-data-before-state",
    Side.SERVER,
    re.compile(rb"^" + re.escape(ANSWER_TO_CONTENT.encode()), re.MULTILINE),
)
