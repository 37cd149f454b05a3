"""Figures for Prometheus that belong to no single part: turns, latencies, and how late the event loop runs.

Parts with queues or stores of their own define their metrics beside them.
"""

import asyncio

from prometheus_client import Counter, Gauge, Histogram

from pipelines.facts import CustomerTurn, Fact, Latency, ReplyDone, ToolFinished, Trouble

MILLISECONDS = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
LATENCIES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 10.0, 20.0)
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
    ["stage"],
    buckets=LATENCIES,
)
TOOLS = Histogram("warmline_tool_seconds", "Time of a tool call", ["tool", "outcome"], buckets=LATENCIES)
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
                _observe_stages(fact.latency)
        case ToolFinished():
            TOOLS.labels(fact.tool, fact.outcome).observe(fact.elapsed_ms / 1000)
        case Trouble():
            TROUBLES.labels(fact.code).inc()


def _observe_stages(latency: Latency) -> None:
    for stage, elapsed_ms in latency.model_dump().items():
        if elapsed_ms is not None:
            STAGES.labels(stage.removesuffix("_ms")).observe(elapsed_ms / 1000)
