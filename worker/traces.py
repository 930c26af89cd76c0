"""Traces out: spans to a collector of OpenTelemetry's, by OTLP over HTTP, off unless configured.

Spans wait in a queue of bounded length and leave on a thread of their own. Where the collector is
away or slow they are lost, and nothing waits for them.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from uuid_utils.compat import uuid7

from worker import metrics, spans
from worker.clock import pause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from worker.logs import Log

# A collector is near, and one that is slow must not hold up the end of the process.
_EXPORT_SECONDS: Final = 3


@asynccontextmanager
async def exported(url: str, share: float, goodbye: float, log: Log) -> AsyncIterator[None]:
    """Send spans to `url` meanwhile; to OTLP's own path there, if it has none.

    `share`, from 0 to 1, is of the traces that begin here; of others their sender decides. What
    else OpenTelemetry's own variables say of exporting (headers, certificates, queue) holds. At
    the end what is left has `goodbye` seconds.
    """
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(share),
        resource=_resource(),
        span_limits=SpanLimits(max_links=spans.MOST_LINKS),
        shutdown_on_exit=False,
    )
    exporter = _Counted(OTLPSpanExporter(_whole(url), timeout=_EXPORT_SECONDS), log)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    spans.listen(provider.get_tracer("klantcontact", version("klantcontact")))
    log.info("traces", naar=urlsplit(url).hostname)
    try:
        yield
    finally:
        spans.quiet()
        await _ended(provider, goodbye)


def _whole(url: str) -> str:
    parts = urlsplit(url)
    return url if parts.path.strip("/") else parts._replace(path="/v1/traces").geturl()


def _resource() -> Resource:
    return Resource.create(
        {
            "service.name": "klantcontact",
            "service.version": version("klantcontact"),
            "service.instance.id": str(uuid7()),
        }
    )


class _Counted(SpanExporter):
    """Another exporter, whose failures are counted and told of; its own log would quote urls."""

    def __init__(self, exporter: SpanExporter, log: Log) -> None:
        self._exporter = exporter
        self._log = log
        self._well = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        well = result is SpanExportResult.SUCCESS
        metrics.SPANS.labels("sent" if well else "lost").inc(len(spans))
        if self._well and not well:
            self._log.warning("traces_verloren", spans=len(spans))
        elif well and not self._well:
            self._log.info("traces_hersteld")
        self._well = well
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


async def _ended(provider: TracerProvider, seconds: float) -> None:
    """What is left goes out, if it goes so soon; the thread ends with the process."""
    done, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(done.set)

    Thread(target=end, name="traces", daemon=True).start()
    await pause(done, seconds)
