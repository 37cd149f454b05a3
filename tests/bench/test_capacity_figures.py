"""What outcomes are told as, with and without a peer."""

from dataclasses import replace

from bench.capacity_figures import Outcome, told
from bench.capacity_ramp import Step

STEP = Step(
    calls=10,
    cpu=0.1,
    rss_mb=200.0,
    lag_p50_ms=0.2,
    lag_p99_ms=3.0,
    answers=1_000,
    answer_p50_ms=640.0,
    expected=10,
)


def climbed(most: int) -> list[Step]:
    """Steps of ten, each call one percent and two megabytes, until there are so many."""
    steps = [
        replace(STEP, calls=calls, cpu=calls / 100, rss_mb=200.0 + 2 * calls) for calls in range(10, most, 10)
    ]
    return [*steps, replace(STEP, calls=most, cpu=most / 100, rss_mb=200.0 + 2 * most)]


def test_calls_are_held_against_the_peer_of_the_same_runs() -> None:
    outcomes = [Outcome({"warmline": climbed(ours), "pipecat": climbed(20)}) for ours in (50, 60, 40)]
    first, second, *costs = told("calls", outcomes)
    assert (first.system, first.value, first.limit, first.holds) == (
        "warmline",
        50.0,
        ">= 2.5 x pipecat",
        True,
    )
    assert first.runs == (50.0, 60.0, 40.0)
    assert (second.system, second.value) == ("pipecat 1.14", 20.0)
    memory = next(f for f in costs if f.system == "warmline" and f.name.endswith("memory per further call"))
    assert memory.value is not None and round(memory.value, 6) == 2.0
    assert memory.holds


def test_a_missing_peer_is_reported_and_nothing_is_claimed() -> None:
    first, second, *_ = told("webrtc", [Outcome({"warmline": climbed(30)}, missing="no network")])
    assert (first.value, first.limit, first.holds) == (30.0, "", None)
    assert (second.value, second.note) == (None, "no network")


def test_idle_chats_and_turns_are_medians() -> None:
    chats = [Outcome(numbers={"kB": kb, "chats": 10_000}) for kb in (40.0, 60.0, 45.0)]
    (figure,) = told("chats", chats)
    assert (figure.value, figure.holds) == (45.0, True)
    turns = [Outcome(numbers={"per_second": rate, "p50_ms": 100.0}) for rate in (200.0, 300.0)]
    assert [f.value for f in told("turns", turns)] == [250.0, 100.0]
