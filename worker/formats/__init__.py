"""How a delivery becomes an envelope and a klantcontact: a module per format, one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.errors import Code, Refusal, Violation
from worker.formats import cloud_events, plain_json, xml

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from worker.envelope import Delivery, Envelope

    Decode = Callable[[Delivery, datetime, str], Envelope]

REGISTREREN = "nl.overheid.klantcontacten.klantcontact-registreren"
"""The `type` of a registration."""
ZAAK_BIJGEWERKT = "nl.overheid.zaken.zaak-bijgewerkt"
"""The `type` of a zaak's facts."""

FORMATS: dict[str, Decode] = {
    "application/json": plain_json.decode,
    "application/cloudevents+json": cloud_events.decode_structured,
    "application/xml": xml.decode,
    "text/xml": xml.decode,
}
"""By content type; a CloudEvent in binary mode is known by its headers instead."""
_ENCODINGS = {None, "", "identity", "utf-8", "utf8"}
# RFC 3986 for what a source is; as long as an index of the database takes.
LONGEST_SOURCE = 500
LONGEST_ID = 255


def decode(delivery: Delivery, received: datetime, most: int, kind: str = REGISTREREN) -> Envelope:
    """Choose the format and decode the envelope: CloudEvents headers first, then content type.

    `received` is the moment of first receipt, which stands in where the format has no time;
    `most` is the largest body, in bytes; `kind` is the type that a CloudEvent must have. Raises
    Refusal (`bericht-te-groot`, `bericht-onleesbaar`, `bericht-ongeldig`,
    `applicatie-onbekend`, `kanaal-niet-toegestaan`).
    """
    if len(delivery.body) > most:
        detail = f"at most {most} bytes; send documents by url"
        raise Refusal(Violation(Code.TE_GROOT, detail))
    chosen = _chosen(delivery)
    if not delivery.user_id:
        detail = "set the property user_id to the user of the connection"
        raise Refusal(Violation(Code.APPLICATIE_ONBEKEND, detail, "user_id"))
    envelope = chosen(delivery, received, kind)
    _check_key(envelope)
    return envelope


def _chosen(delivery: Delivery) -> Decode:
    chosen = FORMATS.get(content_type(delivery))
    if chosen is None:
        detail = f"content_type must be one of: {', '.join(FORMATS)}"
        raise Refusal(Violation(Code.ONLEESBAAR, detail, "content_type"))
    if (delivery.content_encoding or "").lower() not in _ENCODINGS:
        detail = "the body must not be compressed: leave content_encoding empty"
        raise Refusal(Violation(Code.ONLEESBAAR, detail, "content_encoding"))
    if chosen is cloud_events.decode_structured or not cloud_events.is_binary(delivery.headers):
        return chosen
    if chosen is not plain_json.decode:
        detail = "a CloudEvent in binary mode holds application/json"
        raise Refusal(Violation(Code.ONLEESBAAR, detail, "content_type"))
    return cloud_events.decode_binary


def content_type(delivery: Delivery) -> str:
    """What the body is, without parameters."""
    return (delivery.content_type or "").partition(";")[0].strip().lower()


def check_source(applicatie: str, source: str) -> None:
    """Nobody speaks for another applicatie; raises Refusal."""
    if source.startswith(plain_json.SOURCE) and source != f"{plain_json.SOURCE}{applicatie}":
        detail = "this source belongs to another applicatie"
        raise Refusal(Violation(Code.KANAAL_NIET_TOEGESTAAN, detail, "source"))


def fits(text: str, longest: int) -> bool:
    """Whether `text` may be a part of a key: an index must take it, and a person read it."""
    return bool(text) and text.isprintable() and len(text.encode()) <= longest


def _check_key(envelope: Envelope) -> None:
    """The key must fit an index, and be the applicatie's own."""
    check_source(envelope.applicatie, envelope.source)
    for name, text, longest in (
        ("source", envelope.source, LONGEST_SOURCE),
        ("id", envelope.id, LONGEST_ID),
    ):
        if not fits(text, longest):
            detail = f"a printable text of 1 to {longest} bytes is needed"
            raise Refusal(Violation(Code.ONGELDIG, detail, name))
