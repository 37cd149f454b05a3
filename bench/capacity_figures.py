"""What the outcomes of `bench capacity` amount to: medians over the runs, beside the peer or the limit."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.capacity_ramp import Step, most, slope
from bench.figures import Figure, median

PEER = {"calls": "pipecat 1.14", "webrtc": "pipecat 1.14 SmallWebRTCTransport"}
NAMES = {"calls": "calls per core, models stubbed", "webrtc": "WebRTC sessions per core, models stubbed"}
TIMES = {"calls": 2.5, "webrtc": 3.0}
"So many times the peer's."
CALL_MB = 3.0
CHAT_KB = 50.0


@dataclass(slots=True)
class Outcome:
    """One run of one measurement."""

    steps: dict[str, list[Step]] = field(default_factory=dict)
    "By system."
    numbers: dict[str, float] = field(default_factory=dict)
    missing: str = ""
    "Why the peer is."

    def raw(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def told(part: str, outcomes: Sequence[Outcome]) -> list[Figure]:
    """The figures of a measurement."""
    if part in NAMES:
        return _carried(part, outcomes)
    if part == "chats":
        kb = _runs(outcomes, lambda outcome: outcome.numbers["kB"])
        chats = f"{outcomes[0].numbers['chats']:.0f} chats connected over websockets"
        limit = f"<= {CHAT_KB:.0f}"
        held = median(kb) <= CHAT_KB
        return [Figure("memory per idle chat", "warmline", median(kb), "kB", limit, held, kb, chats)]
    rate = _runs(outcomes, lambda outcome: outcome.numbers["per_second"])
    took = _runs(outcomes, lambda outcome: outcome.numbers["p50_ms"])
    return [
        Figure("chat turns per second", "warmline", median(rate), "turns/s", runs=rate),
        Figure("chat turn p50 at that rate", "warmline", median(took), "ms", runs=took),
    ]


def _carried(part: str, outcomes: Sequence[Outcome]) -> list[Figure]:
    peers = _of_system(outcomes, "pipecat", _most)
    ours = _of_system(outcomes, "warmline", _most)
    limit, holds = "", None
    if peers and ours:
        limit = f">= {TIMES[part]} x pipecat"
        holds = median(ours) >= TIMES[part] * median(peers)
    found = [
        _figure(NAMES[part], "warmline", ours, "calls", limit, holds),
        _figure(NAMES[part], PEER[part], peers, "calls", note=outcomes[0].missing),
    ]
    for system, name in (("warmline", "warmline"), ("pipecat", PEER[part])):
        found += _costs(part, name, [outcome.steps.get(system, []) for outcome in outcomes])
    return found


def _costs(part: str, system: str, runs: Sequence[Sequence[Step]]) -> list[Figure]:
    """What a further call costs, and how the loop fares at the most."""
    cpu = [cost * 100 for steps in runs if (cost := slope(steps, "cpu")) is not None]
    mb = [cost for steps in runs if (cost := slope(steps, "rss_mb")) is not None]
    tops = [top for steps in runs if (top := most(steps)) is not None]
    limit, holds = "", None
    if system == "warmline" and part == "calls" and mb:
        limit, holds = f"<= {CALL_MB:.0f}", median(mb) <= CALL_MB
    return [
        _figure(f"{part}: CPU per further call", system, cpu, "% of a core"),
        _figure(f"{part}: memory per further call", system, mb, "MB", limit, holds),
        _figure(f"{part}: loop lag p50 at the most", system, [top.lag_p50_ms for top in tops], "ms"),
        _figure(f"{part}: loop lag p99 at the most", system, [top.lag_p99_ms for top in tops], "ms"),
    ]


def _figure(
    name: str,
    system: str,
    values: Sequence[float],
    unit: str,
    limit: str = "",
    holds: bool | None = None,
    note: str = "",
) -> Figure:
    value = median(values) if values else None
    return Figure(name, system, value, unit, limit, holds, tuple(values), note or ("" if values else "none"))


def _most(steps: Sequence[Step]) -> float:
    top = most(steps)
    return 0.0 if top is None else float(top.calls)


def _of_system(
    outcomes: Sequence[Outcome], system: str, value: Callable[[Sequence[Step]], float]
) -> tuple[float, ...]:
    return tuple(value(outcome.steps[system]) for outcome in outcomes if system in outcome.steps)


def _runs(outcomes: Sequence[Outcome], value: Callable[[Outcome], float]) -> tuple[float, ...]:
    return tuple(value(outcome) for outcome in outcomes)
