"""Spans: what a trace tells of a message, a publication, a mail and a batch, if anybody listens.

Names and attributes are those of OpenTelemetry's conventions for messaging; our own begin with
`klantcontact.`. An attribute holds ids and codes, as a log line does, never what was said.
`worker.traces` says where spans go; without it, each function here gives None and costs nothing.

A context (which trace, and which span of it) is kept and passed on as W3C's `traceparent`. Its
`tracestate` and `baggage` are not: they are texts of anybody's making.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from worker import bsn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opentelemetry.trace import SpanContext, Tracer

Span = trace.Span
"""What something took, from its beginning to its end, in one trace."""

MOST_LINKS: Final = 1000
"""Of one span: as many as a batch has messages at most."""
_W3C: Final = TraceContextTextMapPropagator()
_SYSTEM: Final = {"messaging.system": "rabbitmq"}
_PROCESS: Final = {
    **_SYSTEM,
    "messaging.operation.type": "process",
    "messaging.operation.name": "process",
}
_PUBLISH: Final = {
    **_SYSTEM,
    "messaging.operation.type": "send",
    "messaging.operation.name": "publish",
}
_KINDS: Final = {"process": SpanKind.CONSUMER, "send": SpanKind.PRODUCER}
_tracers: list[Tracer] = []


def listen(tracer: Tracer) -> None:
    """From now on spans are wanted."""
    _tracers[:] = [tracer]


def quiet() -> None:
    """From now on they are not."""
    _tracers.clear()


def wanted() -> bool:
    """Whether anybody listens."""
    return bool(_tracers)


def context(headers: Mapping[str, Any]) -> str | None:
    """The context in a message's headers, or among a CloudEvent's attributes (its extension).

    W3C Trace Context, as the CloudEvents extension Distributed Tracing has it.
    """
    if not _tracers:
        return None
    found = headers.get("traceparent")
    return found if isinstance(found, str) and _known(found) else None


def carried(span: Span | None) -> str | None:
    """The context of a span, for whatever follows from it."""
    if span is None:
        return None
    found: dict[str, str] = {}
    _W3C.inject(found, trace.set_span_in_context(span))
    return found.get("traceparent")


def ids(span: Span | None) -> dict[str, str]:
    """What a log line says of the trace: so the one is found by the other."""
    if span is None or not span.is_recording():
        return {}
    return {"trace_id": trace.format_trace_id(span.get_span_context().trace_id)}


def of_batch(role: str, number: int, received: int, contexts: Iterable[str]) -> Span | None:
    """A batch in hand, linked to whatever its messages come from."""
    return _begun(
        f"{role} batch",
        {
            **_SYSTEM,
            "messaging.batch.message_count": received,
            "klantcontact.role": role,
            "klantcontact.batch": number,
        },
        links=[found for each in contexts if (found := _known(each))][:MOST_LINKS],
    )


def of_message(
    queue: str,
    message_id: str | None,
    after: str | None,
    batch: Span | None = None,
    began: int | None = None,
) -> Span | None:
    """What becomes of one message from a queue, in the trace that its sender began.

    `began` is in nanoseconds since 1970, if it is not only now.
    """
    return _begun(
        f"process {queue}",
        {
            **_PROCESS,
            "messaging.destination.name": queue,
            "messaging.message.id": bsn.masked(message_id),
        },
        after=after,
        links=[batch.get_span_context()] if batch else [],
        began=began,
    )


def of_publication(
    exchange: str, routing_key: str, message_id: str, after: Sequence[str], batch: Span | None
) -> Span | None:
    """One message on its way to the broker; it follows from one or more that came in.

    A sender's own queue is not named: a reply goes by the default exchange.
    """
    there: dict[str, str | bool] = {"messaging.destination.temporary": True}
    if exchange:
        there = {"messaging.destination.name": f"{exchange}:{routing_key}"}
    first, *others = after or (None,)
    links = [found for each in others if each and (found := _known(each))]
    return _begun(
        f"publish {exchange or '(temporary)'}",
        {
            **_PUBLISH,
            "messaging.message.id": message_id,
            **there,
        },
        after=first,
        links=[*links, *([batch.get_span_context()] if batch else [])],
    )


def end(span: Span | None, *, error: str | None = None, **outcome: str | float | None) -> None:
    """It is over; `error` is a code or the name of an exception, never its text."""
    if span is None:
        return
    for name, value in outcome.items():
        if value is not None:
            span.set_attribute(f"klantcontact.{name}", value)
    if error is not None:
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def _begun(
    name: str,
    attributes: Mapping[str, Any],
    *,
    after: str | None = None,
    links: Sequence[SpanContext] = (),
    began: int | None = None,
) -> Span | None:
    for tracer in _tracers:
        return tracer.start_span(
            name,
            context=_following(after),
            kind=_KINDS.get(attributes.get("messaging.operation.type", ""), SpanKind.INTERNAL),
            attributes={key: value for key, value in attributes.items() if value is not None},
            links=[Link(each) for each in links if each.is_valid],
            start_time=began,
        )
    return None


def _following(kept: str | None) -> Context:
    return _W3C.extract({"traceparent": kept or ""}, Context())


def _known(kept: str) -> SpanContext | None:
    """The context that was kept; None if it is none by W3C's rules."""
    found = trace.get_current_span(_following(kept)).get_span_context()
    return found if found.is_valid else None
