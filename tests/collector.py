"""A collector of traces: what a program sends to it by OTLP over HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

SENDERS_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENDERS_SPAN = "00f067aa0ba902b7"
TRACEPARENT = f"00-{SENDERS_TRACE}-{SENDERS_SPAN}-01"
"""The example of W3C Trace Context."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A span; ids in hexadecimal, `links` pairs of trace and span."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    links: list[tuple[str, str]]
    attributes: dict[str, Any]
    failed: bool

    @property
    def traceparent(self) -> str:
        """What goes along with whatever follows from it."""
        return f"00-{self.trace}-{self.id}-01"


@dataclass
class Collector:
    """What came, as spans and as bytes."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list)
    resource: dict[str, Any] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        asked = ExportTraceServiceRequest.FromString(self.bodies[-1])
        for resource in asked.resource_spans:
            self.resource = _attributes(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans += map(_seen, scope.spans)
        return web.Response(content_type="application/x-protobuf")

    async def received(self, name: str, count: int = 1, **attributes: object) -> Seen:
        """Wait for the count-th span of this name with these attributes of ours."""
        wanted = {f"klantcontact.{key}": each for key, each in attributes.items()}

        async def found() -> Seen | None:
            named = [
                each
                for each in self.spans
                if each.name == name and each.attributes | wanted == each.attributes
            ]
            return named[count - 1] if len(named) >= count else None

        return await until(found, f"a span {name} {attributes}; but {self.spans}")


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """One that listens on a free port of this machine."""
    collector = Collector()
    async with _listening(collector.take) as collector.url:
        yield collector


@asynccontextmanager
async def discarding() -> AsyncIterator[str]:
    """The address of one that keeps nothing."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(content_type="application/x-protobuf")

    async with _listening(take) as url:
        yield url


@asynccontextmanager
async def _listening(
    take: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[str]:
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_post("/v1/traces", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port, *_ = runner.addresses[0]
        yield f"http://{host}:{port}/v1/traces"
    finally:
        await runner.cleanup()


def _seen(span: trace_pb2.Span) -> Seen:
    return Seen(
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=[(each.trace_id.hex(), each.span_id.hex()) for each in span.links],
        attributes=_attributes(span.attributes),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
    )


def _attributes(given: Any) -> dict[str, Any]:  # noqa: ANN401 (protobuf's containers have no public type)
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value")
        for each in given
    }
