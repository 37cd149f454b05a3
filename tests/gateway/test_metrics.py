import asyncio
import time

from prometheus_client import REGISTRY

from gateway import metrics
from pipelines.facts import CustomerTurn, Latency, ReplyDone, Trouble, Words


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_facts_are_counted_by_what_they_say() -> None:
    watched = [
        ("warmline_turns_total", {"channel": "voice"}),
        ("warmline_replies_total", {"source": "workflow", "interrupted": "true"}),
        ("warmline_troubles_total", {"code": "model_slow"}),
    ]
    before = [value(name, **labels) for name, labels in watched]
    metrics.observe(CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="hi")))
    metrics.observe(replied(interrupted=True))
    metrics.observe(Trouble(code="model_slow", message="Slow."))
    after = [value(name, **labels) for name, labels in watched]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]


def test_stages_are_measured_by_who_made_the_words_and_steps_add_up_to_the_wait() -> None:
    def seconds() -> dict[str, float]:
        steps = ("hear", "decide", "understand", "tools", "think", "speak")
        found = {
            step: value("warmline_voice_step_seconds_sum", step=step, source="workflow") for step in steps
        }
        for stage in ("first_audio", "first_token", "drafted", "tools"):
            name = "warmline_voice_stage_seconds_sum"
            found[f"until {stage}"] = value(name, stage=stage, source="workflow")
        return found

    before = seconds()
    metrics.observe(replied(Latency(decision_ms=200, first_token_ms=500, tools_ms=100, first_audio_ms=700)))
    grown = {name: round(after - before[name], 3) for name, after in seconds().items()}
    assert {name: grown for name, grown in grown.items() if grown} == {
        "decide": 0.2,
        "tools": 0.1,
        "think": 0.2,
        "speak": 0.2,
        "until first_audio": 0.7,
        "until first_token": 0.5,
    }


def replied(latency: Latency | None = None, interrupted: bool = False) -> ReplyDone:
    return ReplyDone(
        turn_id="r1",
        answers="c1",
        interrupted=interrupted,
        source="workflow",
        latency=latency,
        pii=Words(text="hi"),
    )


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
