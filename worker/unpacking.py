"""What was put away, unpacked again: as it came, or as somebody put it right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from worker.envelope import Envelope, Resumed
from worker.errors import Code, Refusal, Violation
from worker.formats import REGISTREREN, check_source, decode

if TYPE_CHECKING:
    from worker.stored import Stored


def unpack(stored: Stored, most: int, kind: str = REGISTREREN) -> Envelope:
    """The envelope around its content; as `decode`, and it raises what that raises.

    A content that was edited needs no format any more: the envelope is the one that it came
    with, however it was written.
    """
    if stored.edited is not None:
        return _around(stored, stored.edited)
    delivery = stored.delivery
    if stored.new_id:
        delivery = replace(delivery, message_id=stored.new_id)
    envelope = decode(delivery, stored.received, most, kind)
    return replace(envelope, id=stored.new_id) if stored.new_id else envelope


def _around(stored: Stored, edited: bytes) -> Envelope:
    applicatie, source, message_id = stored.key
    if not (message_id or stored.new_id):
        detail = "it came without an id: give it one of its own (--new-id)"
        raise Refusal(Violation(Code.ONGELDIG, detail, "message_id"))
    # What was refused for its source has it still: an edit makes it nobody else's.
    check_source(applicatie, source)
    time = stored.time or stored.delivery.timestamp or stored.received
    return Envelope(applicatie, source, stored.new_id or message_id, time, edited)


def resumed_from(stored: Stored) -> Resumed:
    """What tells the intake where it came from."""
    return Resumed(
        stored.id,
        stored.attempt,
        stored.version,
        stored.key,
        stored.digest,
        stored.received,
        late=stored.late,
        waits=stored.waits,
        deferrals=stored.deferrals,
    )
