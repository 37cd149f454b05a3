from dataclasses import dataclass

from pipelines.facts import ToolFinished, Understood
from pipelines.stopwatch import Stopwatch


@dataclass
class Clock:
    """Seconds, set by hand."""

    s: float = 0.0

    def __call__(self) -> float:
        return self.s


def finished(elapsed_ms: int) -> ToolFinished:
    return ToolFinished(turn_id="c1", call_id="t1", tool="look_up", outcome="done", elapsed_ms=elapsed_ms)


def test_moments_count_from_the_last_voiced_sample() -> None:
    clock = Clock(10.0)
    watch = Stopwatch(clock, clock())
    clock.s = 10.32
    watch.note(Understood(turn_id="c1", commands=["ask"], by="rules", confidence=1.0))
    clock.s = 10.5
    watch.note(Understood(turn_id="c1", commands=["ask"], by="model", confidence=1.0))
    assert watch.latency().understood_ms == 320 and watch.elapsed_ms() == 500


def test_only_tools_before_the_first_word_count() -> None:
    watch = Stopwatch(Clock(), 0.0)
    watch.note(finished(40))
    watch.note(finished(60))
    watch.first_token_ms = 200
    watch.note(finished(500))
    assert watch.latency().tools_ms == 100


def test_the_clause_of_a_filler_is_not_the_answers() -> None:
    clock = Clock(0.6)
    watch = Stopwatch(clock, 0.0)
    watch.clause()
    assert watch.latency().first_clause_ms is None
    watch.first_token_ms = 900
    clock.s = 1.0
    watch.clause()
    clock.s = 2.0
    watch.clause()
    assert watch.latency().first_clause_ms == 1_000


def test_a_draft_takes_over_what_the_end_of_the_turn_tells() -> None:
    drafted, ended = Stopwatch(Clock(), 0.0, drafted_ms=130), Stopwatch(Clock(), 0.0)
    ended.decision_ms, ended.final_transcript_ms = 300, 140
    drafted.decided_as(ended)
    latency = drafted.latency()
    assert (latency.drafted_ms, latency.decision_ms, latency.final_transcript_ms) == (130, 300, 140)
