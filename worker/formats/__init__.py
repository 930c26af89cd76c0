"""How a delivery becomes an envelope and a klantcontact: a module per format, one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.errors import Code, Refusal, Violation
from worker.formats import plain_json

if TYPE_CHECKING:
    from datetime import datetime

    from worker.envelope import Delivery, Envelope

_FORMATS = {"application/json": plain_json.decode}
_ENCODINGS = {None, "", "identity", "utf-8", "utf8"}


def decode(delivery: Delivery, received: datetime, most: int) -> Envelope:
    """Choose the format by content type and decode the envelope.

    `received` is the moment of first receipt, which stands in where the format has no time;
    `most` is the largest body, in bytes. Raises Refusal (`bericht-te-groot`,
    `bericht-onleesbaar`, `bericht-ongeldig`, `applicatie-onbekend`).
    """
    if len(delivery.body) > most:
        detail = f"at most {most} bytes; send documents by url"
        raise Refusal(Violation(Code.TE_GROOT, detail))
    content_type = (delivery.content_type or "").partition(";")[0].strip().lower()
    chosen = _FORMATS.get(content_type)
    if chosen is None:
        raise Refusal(Violation(Code.ONLEESBAAR, _accepted(), "content_type"))
    if (delivery.content_encoding or "").lower() not in _ENCODINGS:
        detail = "the body must not be compressed: leave content_encoding empty"
        raise Refusal(Violation(Code.ONLEESBAAR, detail, "content_encoding"))
    return chosen(delivery, received)


def _accepted() -> str:
    return f"content_type must be one of: {', '.join(_FORMATS)}"
