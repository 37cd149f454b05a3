"""Adding calls until they are too many: what a step found, and when it is too much. [core]"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LATE_MS = 20.0
"Event loop lag, p99."
FULL = 0.95
"Of the core."
ANSWERED = 0.9
"Of the questions."
MOST = 400


@dataclass(frozen=True, slots=True)
class Step:
    """So many calls, and what they did to the process that carried them."""

    calls: int
    cpu: float
    "Of one core."
    rss_mb: float
    lag_p50_ms: float
    lag_p99_ms: float
    answers: int
    answer_p50_ms: float | None
    expected: int
    "Questions that were asked."
    callers_cpu: float = 0.0
    "Of their core, where callers are another process: near 1.0 they are what limits."

    @property
    def holds(self) -> bool:
        """Whether the process keeps up."""
        answered = self.answers >= ANSWERED * self.expected
        return self.lag_p99_ms <= LATE_MS and self.cpu <= FULL and answered


@dataclass(frozen=True, slots=True)
class Ramp:
    """Where to begin and how far apart to measure."""

    first: int
    step: int

    def counts(self, coarser: int = 1) -> Iterator[int]:
        """Numbers of calls to try, upwards."""
        yield from range(self.first, MOST, self.step * coarser)


def most(steps: Sequence[Step]) -> Step | None:
    """The last step that held; None if not even the first did."""
    return max((step for step in steps if step.holds), key=lambda step: step.calls, default=None)


def slope(steps: Sequence[Step], of: str) -> float | None:
    """What one further call adds to `cpu` or `rss_mb`, by the steps that held; None for fewer than two."""
    held = [step for step in steps if step.holds]
    if len(held) < 2:
        return None
    line = statistics.linear_regression([step.calls for step in held], [getattr(step, of) for step in held])
    return line.slope
