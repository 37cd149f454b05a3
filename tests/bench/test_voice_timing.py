"""Times are told from sound alone; codec noise, clicks and pauses must not move them."""

import numpy as np
import pytest

from bench.voice_timing import Piece, spans, stop_ms, voice_to_voice_ms

FRAME = 320


def tone(at_ms: float, ms: int, level: float = 0.1) -> list[Piece]:
    """Frames of 20 ms, as they come on the wire, of a 440 Hz tone."""
    samples = np.sin(2 * np.pi * 440 * np.arange(16 * ms) / 16_000) * level * 32_767
    whole = samples.astype(np.int16)
    return [Piece(at_ms + n * 20, whole[n * FRAME : (n + 1) * FRAME]) for n in range(len(whole) // FRAME)]


def quiet(at_ms: float, ms: int) -> list[Piece]:
    return tone(at_ms, ms, 0)


def test_sound_begins_where_it_begins_within_a_frame() -> None:
    half = np.concatenate((np.zeros(160, np.int16), np.full(160, 3_000, np.int16)))
    heard = [Piece(1_000, half), *tone(1_020, 100)]
    assert [(span.start_ms, span.end_ms) for span in spans(heard)] == [(1_010, 1_120)]


def test_a_click_and_the_noise_of_a_line_are_not_sound() -> None:
    click = np.zeros(FRAME, np.int16)
    click[10] = 20_000
    assert spans([Piece(0, click), *tone(500, 400, level=0.004)]) == []


def test_short_silences_do_not_part_a_stretch_and_long_ones_do() -> None:
    heard = [*tone(0, 100), *tone(250, 100), *tone(800, 100)]
    assert [(span.start_ms, span.end_ms) for span in spans(heard)] == [(0, 350), (800, 900)]


def test_voice_to_voice_runs_from_the_last_voiced_sample_to_the_first_audible_one() -> None:
    question = [*tone(0, 1_000), *quiet(1_000, 200)]
    heard = [*quiet(0, 1_600), *tone(1_640, 500), *tone(3_000, 500)]
    assert voice_to_voice_ms(question, heard) == pytest.approx(640)


def test_a_question_with_a_pause_ends_at_its_second_part() -> None:
    question = [*tone(0, 500), *quiet(500, 900), *tone(1_400, 500)]
    assert voice_to_voice_ms(question, tone(2_400, 100)) == pytest.approx(500)


def test_an_answer_in_the_pause_is_negative() -> None:
    question = [*tone(0, 500), *quiet(500, 900), *tone(1_400, 500)]
    assert voice_to_voice_ms(question, tone(1_100, 100)) == pytest.approx(-800)


def test_what_was_said_before_the_question_answers_nothing() -> None:
    assert voice_to_voice_ms(tone(1_000, 500), tone(0, 900)) is None


def test_a_question_must_be_audible() -> None:
    with pytest.raises(ValueError, match="no sound"):
        voice_to_voice_ms(quiet(0, 500), tone(600, 100))


def test_barge_in_is_timed_to_the_last_audible_sample() -> None:
    heard = [*tone(0, 2_220), *quiet(2_220, 1_500), *tone(3_720, 300), *quiet(4_020, 900)]
    assert stop_ms(tone(2_000, 800), heard) == pytest.approx(220)


def test_a_pause_between_two_sentences_is_no_stop() -> None:
    heard = [*tone(0, 2_100), *quiet(2_100, 400), *tone(2_500, 1_000), *quiet(3_500, 900)]
    assert stop_ms(tone(2_000, 800), heard) == pytest.approx(1_500)


def test_who_never_falls_silent_has_not_stopped() -> None:
    assert stop_ms(tone(2_000, 800), [*tone(0, 4_000), *quiet(4_000, 200)]) is None


def test_nothing_is_stopped_that_was_not_speaking() -> None:
    assert stop_ms(tone(2_000, 800), [*quiet(0, 3_000), *tone(3_000, 500), *quiet(3_500, 900)]) is None
