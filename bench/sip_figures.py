"""What the runs of `bench sip` amount to: medians over them, ours beside the peers of the same runs."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.figures import Figure, median

OURS = "warmline"
FLOOR = "bare echo"
"What its delay is, is nobody's: the network's and the callers'."
JUDGED_AT = 200
"Calls."
CPU_LIMIT = 30.0
"Per cent of a core, of all those calls."
LATE_LIMIT_MS = 10.0
DELAY_LIMIT_MS = 30.0
OF_BEST_PEER = 0.6
FULL = 0.95
"Of the core: more is not carried."
MISSING = 0.01
"Of the packets: more is not carried."
CALLERS_LATE_MS = 5.0
"If callers send later than that, their step says little."


@dataclass(frozen=True, slots=True)
class Step:
    """So many calls of one system in one run."""

    calls: int
    "Asked for."
    up: int
    "Answered, and with a place for their sound."
    cpu: float
    "Of one core, all threads of the process."
    rss_mb: float
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    very_late: float
    "Share of packets, more than 20 ms."
    missing: float
    "Share of packets."
    delay_p50_ms: float | None
    "Of an echo, with all that is not the system's."
    delay_p99_ms: float | None
    marks: int
    callers_cpu: float
    caller_late_p99_ms: float

    @property
    def carried(self) -> bool:
        """Whether the system kept up with so many calls."""
        return self.up == self.calls and self.cpu <= FULL and self.missing <= MISSING


@dataclass(slots=True)
class Outcome:
    """One run: every system in turn."""

    steps: dict[str, list[Step]] = field(default_factory=dict)
    "By system."
    missing: dict[str, str] = field(default_factory=dict)
    "Why a system could not be had or broke down."
    timer_p99_ms: float = 0.0
    "How late the machine wakes who does nothing else but sleep."

    def raw(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


Value = Callable[[Sequence[Step]], float | None]
"A figure of one system's steps in one run; None where they do not have it."


def told(outcomes: Sequence[Outcome], counts: Sequence[int]) -> list[Figure]:
    """All figures."""
    judged = min(JUDGED_AT, max(counts))
    found: list[Figure] = []
    for calls in counts:
        limit = CPU_LIMIT if calls == JUDGED_AT else None
        found += _each(f"CPU of {calls} calls", "%", outcomes, _at(calls, lambda s: s.cpu * 100), limit)
    found += _per_call(outcomes, judged)
    for calls in counts:
        limit = LATE_LIMIT_MS if calls == judged else None
        found += _each(f"packets late at {calls} calls, p99", "ms", outcomes, _at(calls, _late_p99), limit)
    found += _each(
        f"packets late at {judged} calls, p50", "ms", outcomes, _at(judged, lambda s: s.late_p50_ms)
    )
    found += _each(
        f"packets late at {judged} calls, worst", "ms", outcomes, _at(judged, lambda s: s.late_max_ms)
    )
    found += _each(
        f"packets missing at {judged} calls", "%", outcomes, _at(judged, lambda s: s.missing * 100)
    )
    found += _delays(outcomes, judged)
    found += _each("memory per further call", "kB", outcomes, memory_kb)
    timers = tuple(outcome.timer_p99_ms for outcome in outcomes)
    found.append(Figure("timers late without calls, p99", FLOOR, median(timers), "ms", runs=timers))
    return found


def memory_kb(steps: Sequence[Step]) -> float | None:
    """What one further call adds, by the steps that were carried; None for fewer than two."""
    held = [step for step in steps if step.carried]
    if len(held) < 2:
        return None
    line = statistics.linear_regression([step.calls for step in held], [step.rss_mb for step in held])
    return line.slope * 1_000


def _per_call(outcomes: Sequence[Outcome], judged: int) -> list[Figure]:
    """CPU for each call, at the judged number or at the most below it that a system carries."""

    def cost(steps: Sequence[Step]) -> float | None:
        held = [step for step in steps if step.carried and step.calls <= judged]
        return held[-1].cpu * 100 / held[-1].calls if held else None

    found = _each("CPU per call", "%", outcomes, cost)
    peers = [f for f in found if f.system not in (OURS, FLOOR) and f.value is not None]
    if not peers:
        return found
    best = min(peers, key=lambda figure: figure.value or 0.0)
    limit = f"<= {OF_BEST_PEER} x {best.system}"
    return [
        _held(figure, limit, (best.value or 0.0) * OF_BEST_PEER) if figure.system == OURS else figure
        for figure in found
    ]


def _delays(outcomes: Sequence[Outcome], judged: int) -> list[Figure]:
    """What each system adds to the delay: its echo's less the bare echo's of the same run."""
    found: list[Figure] = []
    parts: Mapping[str, Callable[[Step], float | None]] = {
        "p50": lambda step: step.delay_p50_ms,
        "p99": lambda step: step.delay_p99_ms,
    }
    for name, part in parts.items():
        at = _at(judged, part)
        for system in _systems(outcomes):
            if system == FLOOR:
                continue
            runs = []
            for outcome in outcomes:
                floor = at(outcome.steps.get(FLOOR, []))
                whole = at(outcome.steps.get(system, []))
                if floor is not None and whole is not None:
                    runs.append(whole - floor)
            figure = _figure(f"delay added at {judged} calls, {name}", system, runs, "ms", outcomes)
            if system == OURS and name == "p50":
                figure = _held(figure, f"<= {DELAY_LIMIT_MS:g}", DELAY_LIMIT_MS)
            found.append(figure)
    return found


def _each(
    name: str, unit: str, outcomes: Sequence[Outcome], value: Value, limit: float | None = None
) -> list[Figure]:
    """One figure for each system."""
    found = []
    for system in _systems(outcomes):
        values = [value(outcome.steps.get(system, [])) for outcome in outcomes]
        figure = _figure(name, system, [one for one in values if one is not None], unit, outcomes)
        if system == OURS and limit is not None:
            figure = _held(figure, f"<= {limit:g}", limit)
        found.append(figure)
    return found


def _figure(name: str, system: str, runs: Sequence[float], unit: str, outcomes: Sequence[Outcome]) -> Figure:
    why = next((o.missing[system] for o in outcomes if system in o.missing), "not carried")
    value = round(median(runs), 3) if runs else None
    return Figure(name, system, value, unit, runs=tuple(runs), note="" if runs else why)


def _held(figure: Figure, limit: str, most: float) -> Figure:
    """The figure with its limit."""
    holds = None if figure.value is None else figure.value <= most
    return Figure(**asdict(figure) | {"limit": limit, "holds": holds})


def _systems(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(name for o in outcomes for name in (*o.steps, *o.missing)))


def _at(calls: int, part: Callable[[Step], float | None]) -> Value:
    """That part of the step with so many calls, if they were carried."""

    def value(steps: Sequence[Step]) -> float | None:
        return next((part(step) for step in steps if step.calls == calls and step.carried), None)

    return value


def _late_p99(step: Step) -> float:
    return step.late_p99_ms
