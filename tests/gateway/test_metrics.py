import asyncio
import time

from prometheus_client import REGISTRY

from gateway import metrics
from pipelines.facts import CustomerTurn, Latency, ReplyDone, ToolFinished, Trouble, Words


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_facts_are_counted_by_what_they_say() -> None:
    watched = [
        ("warmline_turns_total", {"channel": "voice"}),
        ("warmline_replies_total", {"source": "workflow", "interrupted": "true"}),
        ("warmline_voice_stage_seconds_count", {"stage": "first_audio"}),
        ("warmline_voice_stage_seconds_count", {"stage": "first_token"}),
        ("warmline_tool_seconds_count", {"tool": "refund", "outcome": "done"}),
        ("warmline_troubles_total", {"code": "model_slow"}),
    ]
    before = [value(name, **labels) for name, labels in watched]
    metrics.observe(CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="hi")))
    latency = Latency(first_audio_ms=700)
    metrics.observe(
        ReplyDone(
            turn_id="r1",
            answers="c1",
            interrupted=True,
            source="workflow",
            latency=latency,
            pii=Words(text="hi"),
        )
    )
    metrics.observe(ToolFinished(turn_id="r1", call_id="k", tool="refund", outcome="done", elapsed_ms=5))
    metrics.observe(Trouble(code="model_slow", message="Slow."))
    after = [value(name, **labels) for name, labels in watched]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1, 0, 1, 1]


def test_a_blocked_event_loop_shows() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(metrics.watch_event_loop())
            await asyncio.sleep(0.03)
            time.sleep(0.12)  # noqa: ASYNC251 - the very thing that is to be seen
            await asyncio.sleep(0.03)
            watching.cancel()

    before = value("warmline_event_loop_lag_seconds_sum")
    asyncio.run(main())
    assert value("warmline_event_loop_lag_seconds_sum") - before > 0.05
