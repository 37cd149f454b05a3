"""The figures of `bench overload`, and its crowd with a scripted gateway."""

import asyncio
from pathlib import Path

import pytest

from bench.overload import Phases, carried, figures, told
from bench.overload_callers import Turn, Visit, visit
from pipelines.phrases import HoldPhrases
from tests.fakes.scripted_gateway import scripted_gateway

HOLD = HoldPhrases()


def turns(*milliseconds: int | None) -> list[Turn]:
    return [Turn(0, float(at), "Hello.", "Hello.", ms) for at, ms in enumerate(milliseconds)]


def test_a_sentence_counts_as_heard_when_most_of_its_words_were() -> None:
    waiting, refused = Visit("waiting"), Visit("refused", "lines_busy")
    assert told(waiting, HOLD.waiting.removeprefix("All ") + " You are number two.")
    assert told(refused, HOLD.lines_busy)
    assert not told(refused, HOLD.waiting)
    assert not told(waiting, "")


def test_as_many_calls_are_carried_as_are_not_much_slower_than_one() -> None:
    steps = {1: [800, 1_000, 900], 2: [1_000, 1_100], 3: [2_000, 1_500]}
    assert [carried(steps, calls) for calls in steps] == [True, True, False]


def test_that_nobody_was_answered_under_load_is_a_result_and_not_the_end_of_the_benchmark() -> None:
    found = {f.name: f for f in figures(Phases(turns(800, 900), turns(None, None), []), [], calls=1)}
    worst = found["voice to voice p95, three times the calls"]
    assert (worst.value, worst.holds, worst.note) == (None, False, "0 of 2 turns answered")


def test_latency_is_held_against_that_of_the_same_run_without_the_crowd() -> None:
    visits = [Visit("waiting", positions=[1]), Visit("refused", "lines_busy"), Visit("busy", "503")]
    phases = Phases(turns(800, 1_000, None), turns(900, 1_600), visits)
    found = {figure.name: figure for figure in figures(phases, [HOLD.waiting, "noise", ""], calls=1)}
    assert found["voice to voice p50, alone"].value == 900
    median = found["voice to voice p50, three times the calls"]
    assert (median.value, median.holds) == (1_250, False)
    assert found["calls of the crowd, busy"].value == 1
    assert (found["heard their sentence"].value, found["heard their sentence"].holds) == (50, False)
    assert found["word error rate, alone"].value == 0


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_the_crowd_tells_what_became_of_its_calls(tmp_path: Path) -> None:
    recording = tmp_path / "heard.wav"
    with scripted_gateway(full=True) as url:
        refused = asyncio.run(visit(url, 20, recording))
    assert (refused.outcome, refused.reason) == ("refused", "waited_too_long")
    assert refused.positions == [1] and recording.stat().st_size > 10_000
    with scripted_gateway(lines=0) as url:
        assert asyncio.run(visit(url, 5, recording)).outcome == "busy"
