import asyncio
import socket
from collections.abc import Callable, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from gateway import config
from gateway.events import Event, SessionStarted
from gateway.span_export import AGAIN_S, BATCH, EVERY_S, ExportQueue
from gateway.tracing import open_tracing
from tests import virtual_time
from tests.fakes.otlp_collector import listening


class Collector(SpanExporter):
    """Takes spans, or not."""

    def __init__(self, up: bool = True) -> None:
        self.up = up
        self.batches: list[list[str]] = []
        self.tries = 0
        self.stopped = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.tries += 1
        if not self.up:
            return SpanExportResult.FAILURE
        self.batches.append([span.name for span in spans])
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.stopped = True


async def at_once(
    export: Callable[[Sequence[ReadableSpan]], SpanExportResult], spans: Sequence[ReadableSpan]
) -> SpanExportResult:
    """Threads know nothing of virtual time."""
    return export(spans)


def queue_to(collector: Collector, bound: int = 100) -> ExportQueue:
    return ExportQueue(collector, "http://collector", bound, at_once)


def end(queue: ExportQueue, *names: str) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(queue)
    for name in names:
        provider.get_tracer("test").start_span(name).end()


def spans(ended: str) -> float:
    return REGISTRY.get_sample_value("warmline_spans_total", {"end": ended}) or 0.0


def test_spans_are_sent_a_little_later_and_the_rest_at_the_end() -> None:
    collector = Collector()

    async def main() -> None:
        queue = queue_to(collector)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(queue.run())
            end(queue, "a", "b")
            await asyncio.sleep(EVERY_S + 0.1)
            end(queue, "c")
            assert collector.batches == [["a", "b"]]
            running.cancel()
        await queue.close()

    virtual_time.run(main())
    assert collector.batches == [["a", "b"], ["c"]]
    assert collector.stopped


def test_an_unreachable_collector_is_named_once_and_asked_seldom() -> None:
    collector = Collector(up=False)

    async def main() -> None:
        queue = queue_to(collector)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(queue.run())
            for _ in range(600):
                end(queue, "a")
                await asyncio.sleep(1)
            assert 2 < collector.tries <= 600 / AGAIN_S + 1
            collector.up = True
            await asyncio.sleep(AGAIN_S)
            running.cancel()

    with capture_logs() as logs:
        virtual_time.run(main())
    assert [entry["event"] for entry in logs] == [
        "spans cannot be sent; trying again, in silence",
        "spans are taken again",
    ]
    assert {entry["collector"] for entry in logs} == {"http://collector"}


def test_while_nobody_takes_them_the_oldest_are_dropped_and_counted() -> None:
    collector = Collector()
    before = spans("dropped")

    async def main() -> None:
        queue = queue_to(collector, bound=2)
        end(queue, "a", "b", "c")
        await queue.close()

    virtual_time.run(main())
    assert collector.batches == [["b", "c"]]
    assert spans("dropped") - before == 1


def test_a_failed_batch_is_lost_but_the_next_ones_wait() -> None:
    collector = Collector(up=False)
    before = spans("failed")

    async def main() -> None:
        queue = queue_to(collector, bound=2 * BATCH)
        end(queue, *["a"] * BATCH, "b")
        with capture_logs():
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(queue.run())
                await asyncio.sleep(EVERY_S + 0.1)
                running.cancel()
            collector.up = True
            await queue.close()

    virtual_time.run(main())
    assert spans("failed") - before == BATCH
    assert collector.batches == [["b"]]


def test_a_collector_that_hangs_does_not_keep_us_from_stopping() -> None:
    collector = Collector()

    async def hang(*_: object) -> SpanExportResult:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> None:
        queue = ExportQueue(collector, "http://collector", in_thread=hang)
        end(queue, *["a"] * BATCH, "b")
        await queue.close()

    before = spans("dropped")
    virtual_time.run(main())
    assert collector.stopped
    assert spans("dropped") - before == BATCH + 1


def trace_one_session(**variables: str) -> None:
    async def main() -> None:
        async with open_tracing(config.load(None, variables).tracing) as traces:
            assert traces is not None
            traces.see("s_1", Event(1, 5.0, SessionStarted(channel="chat")))

    asyncio.run(main())


def test_a_collector_named_by_the_standard_variables_gets_the_spans() -> None:
    with listening() as received:
        trace_one_session(
            OTEL_EXPORTER_OTLP_ENDPOINT=received.url,
            OTEL_EXPORTER_OTLP_HEADERS="x-team=care%20line",
            OTEL_SERVICE_NAME="shop-line",
        )
    ((path, team, body),) = received.requests
    assert (path, team) == ("/v1/traces", "care line")
    assert b"shop-line" in body and b"session" in body


def test_nobody_at_the_collectors_address_costs_a_warning_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        with capture_logs() as logs:
            trace_one_session(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert [entry["event"] for entry in logs] == ["spans cannot be sent; trying again, in silence"]
    assert not caplog.records
