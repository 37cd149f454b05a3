"""The stages of a spoken answer, as steps that follow each other and add up to what the caller waited. [core]

A `Latency` has moments, and with a drafted reply they come in any order: the words may be ready before the
turn is known to be over. A step lasts from the moment before to its own and bears the name of what was then
done, so it says what the answer was waiting for last.
"""

from dataclasses import dataclass
from typing import Literal

from pipelines.facts import Latency

StepName = Literal["hear", "decide", "understand", "tools", "think", "speak"]

MOMENTS: dict[str, StepName] = {
    "final_transcript_ms": "hear",
    "decision_ms": "decide",
    "understood_ms": "understand",
    "first_token_ms": "think",
    "first_clause_ms": "speak",
    "first_audio_ms": "speak",
}
"Which step ends at which moment of a `Latency`."


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the wait, in ms after the customer's last voiced sample."""

    name: StepName
    begin_ms: int
    end_ms: int


def steps(latency: Latency) -> list[Step]:
    """What the caller waited for, without gaps, up to the first audible sample; empty if none came."""
    heard = latency.first_audio_ms
    if heard is None:
        return []
    moments = [(getattr(latency, moment), name) for moment, name in MOMENTS.items()]
    known = sorted(((at, name) for at, name in moments if at is not None), key=lambda each: each[0])
    found: list[Step] = []
    begin_ms = 0
    for at, name in known:
        end_ms = min(max(at, begin_ms), heard)
        found += _split(Step(name, begin_ms, end_ms), latency.tools_ms)
        begin_ms = end_ms
    return [step for step in _joined(found) if step.end_ms > step.begin_ms]


def _split(step: Step, tools_ms: int | None) -> list[Step]:
    """Thinking is waiting for tools first, as far as they took part of it."""
    if step.name != "think" or not tools_ms:
        return [step]
    middle = min(step.begin_ms + tools_ms, step.end_ms)
    return [Step("tools", step.begin_ms, middle), Step("think", middle, step.end_ms)]


def _joined(found: list[Step]) -> list[Step]:
    joined: list[Step] = []
    for step in found:
        if joined and joined[-1].name == step.name:
            joined[-1] = Step(step.name, joined[-1].begin_ms, step.end_ms)
        else:
            joined.append(step)
    return joined
