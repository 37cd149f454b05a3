"""Figures made of turns: what counts, and what it is held against."""

from collections.abc import Iterable

from bench.figures import Figure
from bench.voice_call import Asked, Reading
from bench.voice_figures import OURS, Pause, Stop, Turn, cut_offs, stopping, voice_to_voice
from bench.voice_questions import Category, Question

PEER = "pipecat 1.14"


def turn(
    ms: float | None,
    *,
    system: str = OURS,
    run: int = 1,
    category: Category = "model",
    said: str = "Hello there.",
    filler: bool = False,
) -> Turn:
    reading = Reading(said=said, turns=1, filler=filler)
    return Turn(system, run, "call", Question("hello", category, "Hello there."), Asked(ms, reading))


def named(figures: Iterable[Figure]) -> dict[tuple[str, str], Figure]:
    return {(figure.name, figure.system): figure for figure in figures}


def test_p50_is_the_median_of_the_runs_and_p95_of_all_turns() -> None:
    turns = [
        turn(ms, run=run) for run, times in enumerate([(100, 200, 900), (300, 400, 500)], 1) for ms in times
    ]
    found = named(voice_to_voice(turns))
    p50 = found["voice to voice, model, p50", OURS]
    assert (p50.value, p50.runs) == (300, (200, 400))
    assert found["voice to voice, model, p95", OURS].value == 900


def test_our_figures_are_held_against_limits_and_a_peers_are_not() -> None:
    found = named(
        voice_to_voice([turn(501, category="workflow"), turn(501, category="workflow", system=PEER)])
    )
    assert found["voice to voice, workflow, p50", OURS].holds is False
    assert found["voice to voice, workflow, p50", PEER].holds is None


def test_without_a_tool_we_are_also_held_against_stock_pipecat() -> None:
    def holds(peer_ms: float) -> bool | None:
        found = named(voice_to_voice([turn(700), turn(peer_ms, system=PEER)]))
        return found["voice to voice, no tool, p50", OURS].holds

    assert holds(3_000) is True
    assert holds(2_000) is False


def test_tool_turns_are_no_part_of_turns_without_a_tool() -> None:
    found = named(voice_to_voice([turn(700), turn(5_000, category="tool")]))
    assert found["voice to voice, no tool, p50", OURS].value == 700


def test_turns_that_were_silent_or_cut_off_are_told_and_not_timed() -> None:
    found = named(voice_to_voice([turn(700), turn(None), turn(-300)]))
    figure = found["voice to voice, model, p50", OURS]
    assert figure.value == 700
    assert figure.note == "1 of 3 turns"


def test_fillers_are_told() -> None:
    figure = voice_to_voice([turn(700, filler=True), turn(800)])[0]
    assert "1 began with a filler" in figure.note


def test_what_lies_behind_a_filler_is_measured_too() -> None:
    filled = turn(650, filler=True)
    filled.asked.reading.stages |= {"filler_ms": 600, "first_audio_ms": 1_900}
    found = named(voice_to_voice([filled, turn(750), turn(850)]))
    assert found["voice to voice, model, p50", OURS].value == 750
    assert found["voice to voice, model, behind the filler, p50", OURS].value == 850
    assert found["voice to voice, model, behind the filler, p95", OURS].value == 1_950
    assert ("voice to voice, workflow, behind the filler, p50", OURS) not in found


def test_word_errors_are_counted_over_all_words() -> None:
    found = named(voice_to_voice([turn(700), turn(700, said="Hello bear.")]))
    assert found["word error rate", OURS].value == 25


def test_stop_times_leave_out_what_was_not_speaking_and_say_so() -> None:
    stops = [Stop(OURS, 1, "wait", ms) for ms in (100.0, 200.0, 310.0, None)]
    p95 = stopping(stops)[1]
    assert (p95.value, p95.holds, p95.note) == (310, False, "3 of 4 interruptions")


def test_who_never_stops_has_no_figure() -> None:
    assert stopping([Stop(PEER, 1, "wait", None)])[0].value is None


def test_a_turn_is_cut_off_when_it_was_answered_too_early_or_taken_for_two() -> None:
    assert Asked(-100, Reading(turns=1)).cut_off
    assert Asked(700, Reading(turns=2)).cut_off
    assert not Asked(700, Reading(turns=1)).cut_off
    assert not Asked(None, Reading(turns=0)).cut_off


def test_cut_offs_are_a_share() -> None:
    pauses = [Pause(OURS, 1, "where|is it", 500, cut, "") for cut in (True, *[False] * 19)]
    figure = cut_offs(pauses)[0]
    assert (figure.value, figure.holds) == (5, True)
