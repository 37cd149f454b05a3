"""End of speech to final text: when speech ends, and what the figures say of it."""

import numpy as np
import pytest

from bench.stt_latency import OURS, PLAIN, Timed, figures, voiced_s
from bench.stt_systems import Heard

WORDS = {"a": "press one", "b": "hello"}


def timed(system: str, run: int, clip: str, ms: float, text: str = "hello") -> Timed:
    return Timed(system, run, Heard(clip, text, 2 + ms / 1_000, 2.5), 2.0)


def test_speech_ends_with_the_last_loud_sample() -> None:
    sound = np.zeros(16_000, np.float32)
    sound[4_000:8_000] = 0.3
    sound[8_000:12_000] = 0.001
    assert voiced_s(sound) == pytest.approx(0.5)


def test_ours_is_held_against_the_limit_and_every_peer() -> None:
    runs = [timed(OURS, run, clip, ms) for run, ms in ((1, 300), (2, 340), (3, 400)) for clip in "ab"]
    peers = [timed(PLAIN, 1, "a", 850), timed("other", 1, "a", 330)]
    found = {(figure.name, figure.system): figure for figure in figures([*runs, *peers], {}, WORDS)}
    ours = found["end of speech to final text p50", OURS]
    assert (ours.value, ours.holds, ours.runs) == (340, True, (300, 340, 400))
    share = found[f"share of the time of {PLAIN}", OURS]
    assert (share.value, share.limit, share.holds) == (0.4, "<= 0.4", True)
    assert found["share of the time of other", OURS].holds is False
    assert found["end of speech to end of turn p50", OURS].value == 500
    assert found["word error rate of the timed clips", OURS].value == 66.7


def test_a_clip_without_text_has_no_time_but_its_words_are_wrong() -> None:
    silent = Timed("other", 1, Heard("a", "", 0.0), 2.0)
    assert silent.final_ms is None
    found = figures([timed(OURS, 1, "b", 300), silent, timed("other", 1, "b", 700)], {}, WORDS)
    others = {figure.name: figure for figure in found if figure.system == "other"}
    assert others["end of speech to final text p50"].value == 700
    assert others["end of speech to final text p50"].note == "1 of 2 clips had a text"
    assert others["word error rate of the timed clips"].value == pytest.approx(66.7)


def test_a_peer_that_hears_nothing_at_all_is_not_compared() -> None:
    found = figures([timed(OURS, 1, "b", 300), Timed("deaf", 1, Heard("b", "", 0.0), 2.0)], {}, WORDS)
    assert not [figure for figure in found if "deaf" in figure.name]


def test_a_missing_peer_says_why() -> None:
    found = figures([timed(OURS, 1, "b", 300)], {"gone": "it could not be installed"}, WORDS)
    assert (found[-1].system, found[-1].value, found[-1].note) == ("gone", None, "it could not be installed")
