"""Sends spans to an OpenTelemetry collector; the conversation never waits for it.

Ended spans wait in a bounded queue, the oldest are dropped, and a task sends them in batches from a thread.
A collector that cannot be reached is named once in the log and asked again every half minute. Relies on the
OpenTelemetry SDK and its OTLP exporter over HTTP (the extra `tracing`), so only `tracing.py` imports this,
and only when there is a collector. The SDK reads some more `OTEL_…` variables itself, e.g. for sampling.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer
from prometheus_client import Counter

from gateway.config import Tracing

BOUND = 4_096
"Spans; a busy minute of some hundred turns."
BATCH = 512
EVERY_S = 2.0
AGAIN_S = 30.0
"After a failure."
GOODBYE_S = 3.0
"A batch may take so long, and so the last ones at the end."

SPANS = Counter("warmline_spans_total", "OpenTelemetry spans by what became of them", ["end"])

log = structlog.get_logger(__name__)


class ExportQueue(SpanProcessor):
    """The spans that still have to be sent to `where`."""

    def __init__(
        self,
        exporter: SpanExporter,
        where: str,
        bound: int = BOUND,
        in_thread: Callable[..., Awaitable[SpanExportResult]] = asyncio.to_thread,
    ) -> None:
        self._exporter = exporter
        self._where = where
        self._spans: deque[ReadableSpan] = deque()
        self._bound = bound
        self._in_thread = in_thread
        self._failing = False

    def on_end(self, span: ReadableSpan) -> None:
        """A span is complete; while nobody takes them the oldest is dropped."""
        if len(self._spans) >= self._bound:
            self._spans.popleft()
            SPANS.labels("dropped").inc()
        self._spans.append(span)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await asyncio.sleep(AGAIN_S if self._failing else EVERY_S)
            await self._send_all()

    async def close(self) -> None:
        """Send what is left, if that is quick."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._send_all()
        except TimeoutError:
            SPANS.labels("dropped").inc(len(self._spans))
        self._exporter.shutdown()

    async def _send_all(self) -> None:
        """Batch after batch; the rest waits when one could not be sent."""
        while self._spans:
            batch = [self._spans.popleft() for _ in range(min(BATCH, len(self._spans)))]
            try:
                result = await self._in_thread(self._exporter.export, batch)
            except asyncio.CancelledError:
                SPANS.labels("dropped").inc(len(batch))  # or sent after all: nobody waits to hear it
                raise
            self._judge(result is SpanExportResult.SUCCESS, len(batch))
            if self._failing:
                return

    def _judge(self, sent: bool, count: int) -> None:
        SPANS.labels("sent" if sent else "failed").inc(count)
        if sent and self._failing:
            log.info("spans are taken again", collector=self._where)
        if not sent and not self._failing:
            log.warning("spans cannot be sent; trying again, in silence", collector=self._where)
        self._failing = not sent


@asynccontextmanager
async def exporting(settings: Tracing, address: str) -> AsyncIterator[Tracer]:
    """A tracer whose spans are sent to the collector at this address."""
    # It reports every try; we say it once.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    queue = ExportQueue(OTLPSpanExporter(address, headers=headers, timeout=GOODBYE_S), address)
    resource = Resource.create(
        {"service.name": settings.service_name, "service.version": version("warmline")}
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(queue)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(queue.run(), name="span export")
        try:
            yield provider.get_tracer("warmline")
        finally:
            sending.cancel()
            await queue.close()
