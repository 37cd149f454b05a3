"""Figures for Prometheus that belong to no single part: turns, latencies, and how late the event loop runs.

Parts with queues or stores of their own define their metrics beside them.
"""

import asyncio

from prometheus_client import Counter, Gauge, Histogram

from gateway.stages import steps
from pipelines.facts import CustomerTurn, Fact, Latency, ReplyDone, Trouble

MILLISECONDS = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
WAITS = (
    *(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5),
    *(2.0, 3.0, 5.0, 10.0, 20.0),
)
"Close together where a caller begins to notice, and where they leave."
LAG_EVERY_S = 0.02

LOOP_LAG = Histogram(
    "warmline_event_loop_lag_seconds", "How much later than asked a timer fires", buckets=MILLISECONDS
)
SESSIONS = Gauge("warmline_sessions", "Sessions held in memory")
REPLIES = Gauge("warmline_replies_under_way", "Chat replies under way")
TURNS = Counter("warmline_turns_total", "Customer turns", ["channel"])
REPLIED = Counter("warmline_replies_total", "Finished replies", ["source", "interrupted"])
STAGES = Histogram(
    "warmline_voice_stage_seconds",
    "From the customer's last voiced sample to each stage of the answer",
    ["stage", "source"],
    buckets=WAITS,
)
STEPS = Histogram(
    "warmline_voice_step_seconds",
    "What the caller of a spoken turn waited for: steps that add up to the first audible sample",
    ["step", "source"],
    buckets=WAITS,
)
TROUBLES = Counter("warmline_troubles_total", "Troubles told to customers", ["code"])


async def watch_event_loop() -> None:
    """Measure the event loop's lag until cancelled."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        LOOP_LAG.observe(max(clock() - due, 0.0))


def observe(fact: Fact) -> None:
    """Count what a fact says."""
    match fact:
        case CustomerTurn():
            TURNS.labels(fact.channel).inc()
        case ReplyDone():
            REPLIED.labels(fact.source, str(fact.interrupted).lower()).inc()
            if fact.latency is not None:
                _observe_latency(fact.latency, fact.source)
        case Trouble():
            TROUBLES.labels(fact.code).inc()


def _observe_latency(latency: Latency, source: str) -> None:
    for stage, elapsed_ms in latency.model_dump(exclude={"tools_ms"}, exclude_none=True).items():
        STAGES.labels(stage.removesuffix("_ms"), source).observe(elapsed_ms / 1000)
    for step in steps(latency):
        STEPS.labels(step.name, source).observe((step.end_ms - step.begin_ms) / 1000)
